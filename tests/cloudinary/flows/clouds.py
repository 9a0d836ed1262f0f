import urllib.error, urllib.parse, urllib.request

GALLERY, GALLERY_SECRET, SECOND, SECOND_SECRET = sys.argv[4:8]
gallery = dict(cloud_name=GALLERY, api_key=GALLERY, api_secret=GALLERY_SECRET)
second = dict(api_key=SECOND, api_secret=SECOND_SECRET)
receiver = Receiver()

# Assets of one cloud are not those of another.
mine = upload(public_id="same", tags="mine")
theirs = upload(picture(10, 10), public_id="same", tags="theirs", signature_algorithm="sha256", **gallery)
assert mine["asset_id"] != theirs["asset_id"]
has(api.resource("same"), width=241)
has(api.resource("same", **gallery), width=10)
assert api.tags()["tags"] == ["mine"] and api.tags(**gallery)["tags"] == ["theirs"]
api.create_upload_preset(name="p", **gallery)
refused(cloudinary.exceptions.NotFound, "p", api.upload_preset, "p")
refused(cloudinary.exceptions.AuthorizationRequired, "Unknown API key", upload, cloud_name=GALLERY)
assert api.usage(**gallery)["resources"] == 1

# Each signs with its own hash.
assert len(mine["signature"]) == 40 and len(theirs["signature"]) == 64
text = f"public_id=same&version={theirs['version']}{GALLERY_SECRET}"
assert theirs["signature"] == hashlib.sha256(text.encode()).hexdigest()


def notified(key_options, secret, algorithm):
    """A notification of this call, as it came."""
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.rfile.read(int(self.headers["content-length"])), self.headers))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    upload(public_id="told", notification_url=f"http://127.0.0.1:{server.server_port}/", **key_options)
    for _ in range(300):
        if got:
            break
        time.sleep(0.1)
    body, headers = got[0]
    signed = body + headers["X-Cld-Timestamp"].encode() + secret.encode()
    assert algorithm(signed).hexdigest() == headers["X-Cld-Signature"], "not signed by the secret of its key"
    return json.loads(body)


# By the secret of the key that called.
has(notified({}, SECRET, hashlib.sha1), signature_key=KEY)
told = has(notified(second, SECOND_SECRET, hashlib.sha1), signature_key=SECOND, api_key=SECOND)
assert told["notification_context"]["triggered_by"]["id"] == SECOND
has(notified(gallery, GALLERY_SECRET, hashlib.sha256), signature_key=GALLERY)


def status(path):
    try:
        return urllib.request.urlopen(BASE + path).status
    except urllib.error.HTTPError as error:
        return error.status


# Addresses signed by either key are good.
for options in [{}, second]:
    url, _ = cloudinary.utils.cloudinary_url("same", sign_url=True, width=20, crop="scale", secure=True, **options)
    assert status(url.split(HOST)[1]) == 200, url

# Strict transformations: signed, or allowed.
assert status(f"/{KEY}/image/upload/c_scale,w_21/same") == 200
assert status(f"/{GALLERY}/image/upload/c_scale,w_21/same") == 401
assert status(f"/{GALLERY}/image/upload/same") == 200
url, _ = cloudinary.utils.cloudinary_url("same", sign_url=True, width=21, crop="scale", signature_algorithm="sha256", **gallery)
assert status(url.split(HOST)[1]) == 200, url
api.update_transformation("c_scale,w_21", allowed_for_strict=True, **gallery)
assert status(f"/{GALLERY}/image/upload/c_scale,w_21/same") == 200
api.create_transformation("tiny", {"width": 5, "crop": "scale"}, **gallery)
assert status(f"/{GALLERY}/image/upload/t_tiny/same") == 200

# The same bytes in both: each has and counts its own, and what one takes away stays with the other.
shared = picture(31, 17, (1, 2, 3))
stored = lambda **options: api.usage(**options)["storage"]["usage"]
before = stored(), stored(**gallery)
upload(shared, public_id="shared")
upload(shared, public_id="shared", signature_algorithm="sha256", **gallery)
assert (stored(), stored(**gallery)) == (before[0] + len(shared), before[1] + len(shared))
has(up.destroy("shared"), result="ok")
assert status(f"/{KEY}/image/upload/shared") == 404 and stored() == before[0]
assert urllib.request.urlopen(f"{BASE}/{GALLERY}/image/upload/shared").read() == shared

# Access tokens.
upload(picture(12, 12), public_id="closed", type="authenticated", signature_algorithm="sha256", **gallery)
path = f"/{GALLERY}/image/authenticated/closed.png"
assert status(path) == 401
token = cloudinary.utils.generate_auth_token(key="00112233445566778899aabbccddeeff", duration=300, url=path)
assert status(path + "?" + token) == 200
assert status(path + "?" + token[:-1] + ("0" if token[-1] != "0" else "1")) == 401

# Requests signed as version 1 does, where the cloud takes them: they differ where a value holds "&".
def signed_once(secret, cloud, key, version):
    fields = {"timestamp": int(time.time()), "public_id": "v1", "tags": "a&b"}
    fields["signature"] = cloudinary.utils.api_sign_request(fields, secret, signature_version=version)
    fields |= {"api_key": key, "file": "data:image/png;base64," + base64.b64encode(picture()).decode()}
    try:
        return urllib.request.urlopen(f"{BASE}/v1_1/{cloud}/image/upload", urllib.parse.urlencode(fields).encode()).status
    except urllib.error.HTTPError as error:
        return error.status


assert signed_once(SECRET, KEY, KEY, 2) == 200 and signed_once(SECRET, KEY, KEY, 1) == 401
assert signed_once(GALLERY_SECRET, GALLERY, GALLERY, 2) == 200 and signed_once(GALLERY_SECRET, GALLERY, GALLERY, 1) == 200
print("ok")
