data = picture()
etag = hashlib.md5(data).hexdigest()

# A file in the body, with everything that an answer holds.
first = upload(data, public_id="samples/logo", tags=["b", "a"], context={"alt": "A | b=c"})
has(first, public_id="samples/logo", width=241, height=51, format="png", resource_type="image", type="upload", bytes=len(data),
    etag=etag, tags=["b", "a"], context={"custom": {"alt": "A | b=c"}}, placeholder=False, access_mode="public", pages=1,
    folder="samples", asset_folder="samples", display_name="logo", api_key=KEY)
assert len(first["asset_id"]) == 32 and len(first["version_id"]) == 32 and len(first["request_id"]) > 20
assert first["created_at"].endswith("Z") and abs(first["version"] - time.time()) < 60
assert cloudinary.utils.verify_api_response_signature(first["public_id"], first["version"], first["signature"])
path = f"{HOST}/{KEY}/image/upload/v{first['version']}/samples/logo.png"
has(first, url="http://" + path, secure_url="https://" + path)
assert cloudinary.CloudinaryImage("samples/logo", version=first["version"], format="png").build_url() == first["secure_url"]

# The same name again replaces it, or does not.
has(upload(data, public_id="samples/logo", overwrite=False), existing=True, asset_id=first["asset_id"], version=first["version"])
has(upload(picture(10, 10), public_id="samples/logo"), overwritten=True, asset_id=first["asset_id"], width=10, tags=[])

# Names: made up, from the file, in a folder.
made_up = upload(data)["public_id"]
assert len(made_up) == 20 and made_up.isalnum() and made_up.lower() == made_up
named = upload(data, filename="My logo.png", use_filename=True)
assert named["public_id"].startswith("My_logo_") and len(named["public_id"]) == len("My_logo_") + 6
has(named, original_filename="My logo")
has(upload(data, filename="My logo.png", use_filename=True, unique_filename=False, folder="a/b"), public_id="a/b/My_logo")
has(upload(data, filename="übung.png", filename_override="other.png"), original_filename="other")
has(upload(data, filename="übung.png"), original_filename="übung")
assert "original_filename" not in upload(data, discard_original_filename=True)

# A data URI.
uri = "data:image/png;base64," + base64.b64encode(data).decode()
has(up.upload(uri), etag=etag, original_filename="file")

# What nobody knows is signed and ignored.
has(up.call_api("upload", {"public_id": "odd", "made_up": "a&b", "timestamp": int(time.time())}, file=io.BytesIO(data)), etag=etag)

# A browser is sent on.
import http.client, urllib.parse
fields = {"timestamp": int(time.time()), "public_id": "form", "callback": "https://example.org/done?x=1"}
fields["signature"] = cloudinary.utils.api_sign_request(fields, SECRET)
connection = http.client.HTTPConnection(HOST)
connection.request("POST", f"/v1_1/{KEY}/image/upload", urllib.parse.urlencode(fields | {"api_key": KEY, "file": uri}),
                   {"content-type": "application/x-www-form-urlencoded"})
answer = connection.getresponse()
place = urllib.parse.urlsplit(answer.headers["location"])
told = dict(urllib.parse.parse_qsl(place.query))
assert (answer.status, place.netloc, place.path) == (303, "example.org", "/done"), (answer.status, place)
has(told, x="1", public_id="form", width="241", format="png", etag=etag, resource_type="image", type="upload")
assert cloudinary.utils.verify_api_response_signature("form", told["version"], told["signature"])
refused(cloudinary.exceptions.BadRequest, "callback", upload, data, callback="javascript:alert(1)")

# A remote file.
class Origin(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if "logo" in self.path else 404)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass

origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=origin.serve_forever, daemon=True).start()
remote = f"http://127.0.0.1:{origin.server_port}"
has(up.upload(remote + "/x/logo%20one.png?v=1", use_filename=True, unique_filename=False), etag=etag, public_id="logo_one",
    original_filename="logo one")
refused(cloudinary.exceptions.BadRequest, "Error in loading " + remote + "/none.png", up.upload, remote + "/none.png")

# Other kinds of files.
has(upload(b"hello", resource_type="raw", public_id="note.txt"), resource_type="raw", public_id="note.txt", bytes=5,
    etag=hashlib.md5(b"hello").hexdigest())
raw = upload(b"hello", resource_type="auto", filename="a.txt")
has(raw, resource_type="raw", original_filename="a")
assert raw["public_id"].endswith(".txt") and "format" not in raw and "pages" not in raw and "width" not in raw
has(upload(data, resource_type="auto"), resource_type="image", format="png")
has(upload(picture(kind="JPEG")), format="jpg")
has(upload(picture(kind="GIF"), type="private", public_id="closed"), type="private")
assert "/image/private/s--" in upload(picture(), type="private")["secure_url"]

# A large file in parts.
large = picture(1000, 1000) + bytes(range(256)) * 60_000
whole = up.upload_large(io.BytesIO(large), public_id="big.bin", filename="big.bin", chunk_size=6_000_000)
has(whole, resource_type="raw", public_id="big.bin", bytes=len(large), etag=hashlib.md5(large).hexdigest())
has(up.upload_large(io.BytesIO(data), resource_type="image", public_id="small", filename="s.png"), etag=etag, width=241)

# Without a signature, by a preset.
api.create_upload_preset(name="open", unsigned=True, folder="open", tags="t1,t2")
api.create_upload_preset(name="shut", unsigned=False, tags="t3")
has(up.unsigned_upload(io.BytesIO(data), "open", public_id="u", tags="t4"), public_id="open/u", tags=["t4", "t1", "t2"])
has(up.unsigned_upload(io.BytesIO(data), "open", public_id="u"), existing=True)
has(upload(data, upload_preset="shut"), tags=["t3"])
print("ok")
