"""What all flows share: the SDK pointed at the server, pictures, and a receiver of notifications."""
import base64, hashlib, http.server, io, json, sys, threading, time

import cloudinary, cloudinary.api, cloudinary.exceptions, cloudinary.search, cloudinary.uploader, cloudinary.utils
from PIL import Image

BASE, KEY, SECRET = sys.argv[1:4]
HOST = BASE.split("://")[1]
cloudinary.config(
    cloud_name=KEY, api_key=KEY, api_secret=SECRET, upload_prefix=BASE, secure=True, secure_distribution=HOST,
    private_cdn=False,
)
up, api = cloudinary.uploader, cloudinary.api


def picture(width=241, height=51, color=(200, 100, 50), kind="PNG"):
    bytes_ = io.BytesIO()
    Image.new("RGB", (width, height), color).save(bytes_, kind)
    return bytes_.getvalue()


def upload(data=None, **options):
    return up.upload(io.BytesIO(picture() if data is None else data), **options)


def refused(kind, part, call, *arguments, **options):
    """The call fails with this kind of error, and its message has this part."""
    try:
        answer = call(*arguments, **options)
    except kind as error:
        assert part in str(error), f"{part!r} is not in {error}"
        return str(error)
    raise AssertionError(f"not refused: {answer}")


def has(answer, **expected):
    for name, value in expected.items():
        assert answer.get(name) == value, f"{name}: {answer.get(name)!r}, expected {value!r}, in {answer}"
    return answer


class Receiver:
    """Takes notifications; each has to pass the SDK's own check."""

    def __init__(self):
        self.bodies = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                verified = cloudinary.utils.verify_notification_signature(
                    body, int(self.headers["X-Cld-Timestamp"]), self.headers["X-Cld-Signature"])
                forged = cloudinary.utils.verify_notification_signature(
                    body + " ", int(self.headers["X-Cld-Timestamp"]), self.headers["X-Cld-Signature"])
                outer.bodies.append((verified and not forged, self.headers["content-type"], json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/notify"

    def wait(self, kind, count=1):
        """The notifications of a type, once there are so many."""
        for _ in range(300):
            found = [body for _, _, body in self.bodies if body["notification_type"] == kind]
            if len(found) >= count:
                assert all(verified for verified, _, _ in self.bodies), self.bodies
                assert all(content == "application/json" for _, content, _ in self.bodies)
                return found
            time.sleep(0.1)
        raise AssertionError(f"no {kind}: {self.bodies}")
