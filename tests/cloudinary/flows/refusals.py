import urllib.parse, urllib.request, urllib.error
from cloudinary.exceptions import AuthorizationRequired, BadRequest, NotFound

before = api.usage()["resources"]
refused(BadRequest, "mpty", upload, b"")
refused(BadRequest, "Invalid image file", upload, b"hello")
refused(BadRequest, "format png not allowed", upload, allowed_formats=["jpg"])
refused(BadRequest, "notification_url", upload, notification_url="ftp://x/")
refused(BadRequest, "Invalid width in transformation: abc", upload, eager="w_abc")
refused(BadRequest, "Unknown transformation", upload, eager="t_unknown")
refused(BadRequest, "Invalid effect in transformation: made_up", upload, eager="e_made_up")
refused(BadRequest, "xx", upload, transformation="xx_1")
refused(BadRequest, "expected", upload, public_id="a?b")
refused(BadRequest, "Upload preset not found", upload, upload_preset="none")
refused(BadRequest, "Upload preset must be whitelisted", lambda: (
    api.create_upload_preset(name="shut"), up.unsigned_upload(io.BytesIO(picture()), "shut"))[1])
refused(BadRequest, "Eager parameter is not allowed when using unsigned upload", lambda: (
    api.create_upload_preset(name="open", unsigned=True), up.unsigned_upload(io.BytesIO(picture()), "open", eager="w_10"))[1])
refused(BadRequest, "Raw convert is invalid", upload, raw_convert="illegal")
refused(BadRequest, "is not valid", upload, categorization="illegal")
refused(BadRequest, "live is not currently supported with async", api.create_upload_preset, live=True, **{"async": True})
refused(BadRequest, "same", lambda: (upload(public_id="one"), up.rename("one", "one"))[1])
refused(BadRequest, "already exists", lambda: (upload(public_id="two"), up.rename("one", "two"))[1])
refused(NotFound, "Resource not found - none", up.rename, "none", "other")
refused(NotFound, "Resource not found - none", up.explicit, "none", type="upload")
refused(NotFound, "Resource not found - none", api.resource, "none")
refused(NotFound, "Transformation not found", api.transformation, "c_scale,w_9999")
refused(NotFound, "Can't find folder with path none", api.subfolders, "none")
refused(cloudinary.exceptions.AlreadyExists, "already exists", api.create_upload_preset, name="open")
refused(BadRequest, "next_cursor", api.resources, next_cursor="made up")
refused(BadRequest, "Illegal value", api.update, "one", ocr="illegal")
refused(BadRequest, "expression", cloudinary.search.Search().expression("colour:red").execute)

# Who asks.
refused(AuthorizationRequired, "Invalid Signature", upload, api_secret="wrong")
refused(AuthorizationRequired, "Unknown API key nobody", upload, api_key="nobody")
refused(AuthorizationRequired, "Invalid cloud_name nobody", upload, cloud_name="nobody")
refused(AuthorizationRequired, "Invalid credentials", api.ping, api_secret="wrong")


def post(path, fields, headers={}):
    request = urllib.request.Request(BASE + path, urllib.parse.urlencode(fields).encode(), headers)
    try:
        answer = urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        answer = error
    return answer.status, answer.headers, json.loads(answer.read())


uri = "data:image/png;base64," + base64.b64encode(picture()).decode()
fields = {"timestamp": int(time.time()), "public_id": "signed", "api_key": KEY, "file": uri}
fields["signature"] = cloudinary.utils.api_sign_request({"timestamp": fields["timestamp"], "public_id": "signed"}, SECRET)
path = f"/v1_1/{KEY}/image/upload"
status, _, answer = post(path, fields)
assert status == 200 and answer["public_id"] == "signed", answer
for change, status, message in [
    ({"public_id": "signed2"}, 401, "Invalid Signature"),
    ({"tags": "x"}, 401, "Invalid Signature"),
    ({"signature": ""}, 401, "Missing required parameter - signature"),
    ({"signature": "", "api_key": ""}, 400, "Upload preset must be specified when using unsigned upload"),
    ({"file": ""}, 400, "Missing required parameter - file"),
]:
    got, headers, answer = post(path, fields | change)
    assert got == status and message in answer["error"]["message"], (change, got, answer)
    assert headers["x-cld-error"] == answer["error"]["message"] and headers["x-request-id"]
    assert headers["content-type"].startswith("application/json")
for seconds, part in [(-3700, "which is more than 1 hour ago"), (3600, "which is in the future")]:
    replayed = {"timestamp": fields["timestamp"] + seconds, "public_id": "signed", "api_key": KEY, "file": uri}
    signature = cloudinary.utils.api_sign_request({"timestamp": replayed["timestamp"], "public_id": "signed"}, SECRET)
    got, _, answer = post(path, replayed | {"signature": signature})
    assert got == 400 and answer["error"]["message"].startswith("Stale request - reported time is "), answer
    assert answer["error"]["message"].endswith(part), answer
text = post(path, fields | {"public_id": "signed2"})[2]["error"]["message"]
assert f"String to sign - 'public_id=signed2&timestamp={fields['timestamp']}'." in text and SECRET not in text, text
for path in ["/v1_1", f"/v1_1/{KEY}", f"/v1_1/{KEY}/image/none", f"/v1_1/{KEY}/none", f"/v1_1/{KEY}/%ff/upload", "/v1_1/%/x/upload"]:
    got, _, _ = post(path, {})
    assert got in (400, 401, 404), (path, got)
assert api.usage()["resources"] == before + 3, "one, two, signed; nothing that was refused"
print("ok")
