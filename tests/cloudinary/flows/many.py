import urllib.request

receiver = Receiver()
sizes = {"b/red": (30, 20, "red"), "a": (40, 10, "green"), "c": (20, 30, "blue")}
for name, (width, height, color) in sizes.items():
    upload(picture(width, height, color), public_id=name, tags="logo")


def get(url, status=200):
    try:
        answer = urllib.request.urlopen(url.replace("https://", "http://"))
    except urllib.error.HTTPError as error:
        answer = error
    assert answer.status == status, (url, answer.status, answer.read())
    return answer.headers, answer.read()


def opened(bytes_):
    return Image.open(io.BytesIO(bytes_))


# A sheet: pictures in one column, in the order of their names.
sheet = up.generate_sprite("logo")
assert sheet["image_infos"] == {
    "a": {"width": 40, "height": 10, "x": 0, "y": 0}, "b/red": {"width": 30, "height": 20, "x": 0, "y": 12},
    "c": {"width": 20, "height": 30, "x": 0, "y": 34}}, sheet
has(sheet, public_id="logo")
at = f"{HOST}/{KEY}/image/sprite/v{sheet['version']}/logo"
for kind, extension in [("image", "png"), ("css", "css"), ("json", "json")]:
    assert sheet[f"{kind}_url"] == f"http://{at}.{extension}" and sheet[f"secure_{kind}_url"] == f"https://{at}.{extension}"
image = opened(get(sheet["image_url"])[1]).convert("RGB")
assert image.size == (40, 64)
assert [image.getpixel(at) for at in [(5, 5), (5, 20), (5, 40)]] == [(0, 128, 0), (255, 0, 0), (0, 0, 255)]
headers, css = get(sheet["css_url"])
assert headers["content-type"].startswith("text/css")
assert f"background: url('//{at}.png') no-repeat;" in css.decode(), css
assert ".b_red { background-position: 0px -12px; width: 30px; height: 20px; }" in css.decode(), css
assert json.loads(get(sheet["json_url"])[1]) == sheet["image_infos"]

# With a transformation, which each picture goes through first; the earlier sheet stays.
jpeg = up.generate_sprite("logo", width=10, crop="scale", format="jpg")
assert f"/image/sprite/c_scale,f_jpg,w_10/v{jpeg['version']}/logo.jpg" in jpeg["image_url"], jpeg
assert f"/image/sprite/c_scale,f_jpg,w_10/v{jpeg['version']}/logo.css" in jpeg["css_url"]
assert [info["width"] for info in jpeg["image_infos"].values()] == [10, 10, 10]
assert opened(get(jpeg["image_url"])[1]).format == "JPEG"
assert opened(get(sheet["image_url"])[1]).size == (40, 64)

# By addresses: of this server, also with a transformation, and of others.
class Origin(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(picture(15, 15, "white"))

    def log_message(self, *_):
        pass

origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
threading.Thread(target=origin.serve_forever, daemon=True).start()
own = f"http://{HOST}/{KEY}/image/upload/"
urls = [own + "v1/b/red.png", own + "c_scale,w_5/a.png", f"http://127.0.0.1:{origin.server_port}/other.png"]
mixed = up.generate_sprite(urls=urls, public_id="mixed")
found = {name: (info["width"], info["height"]) for name, info in mixed["image_infos"].items()}
assert found == {"b/red": (30, 20), "a": (5, 1), "other": (15, 15)}, mixed

# Later, with a notification.
later = up.generate_sprite("logo", **{"async": True}, notification_url=receiver.url)
has(later, status="processing")
told = has(receiver.wait("sprite")[0], batch_id=later["batch_id"], public_id="logo")
assert told["image_infos"] == sheet["image_infos"] and told["css_url"].endswith("/logo.css")
refused(cloudinary.exceptions.NotFound, "Resource not found - nothing", up.generate_sprite, "nothing")
signed = up.download_generated_sprite("logo")
headers, bytes_ = get(signed)
assert opened(bytes_).size == (40, 64) and "attachment" in headers["content-disposition"]
get(signed[:-3], 401)

# An animation: all frames as large as the first.
moving = up.multi("logo", delay=50)
has(moving, public_id="logo")
assert moving["url"] == f"http://{HOST}/{KEY}/image/multi/dl_50/v{moving['version']}/logo.gif", moving
gif = opened(get(moving["url"])[1])
assert (gif.format, gif.n_frames, gif.size, gif.info["duration"]) == ("GIF", 3, (40, 10), 50)
told = has(up.multi("logo", notification_url=receiver.url), public_id="logo")
body = has(receiver.wait("multi")[0], public_id="logo", url=told["url"], secure_url=told["secure_url"], version=told["version"])
assert len(body["asset_id"]) == 32
webp = opened(get(up.multi("logo", width=20, height=20, crop="fill", format="webp")["secure_url"])[1])
assert (webp.format, webp.n_frames, webp.size) == ("WEBP", 3, (20, 20))

# A document, and its pages again.
document = up.multi("logo", format="pdf")
assert document["url"].endswith("/logo.pdf"), document
pdf = get(document["url"])[1]
assert pdf[:5] == b"%PDF-"
stored = has(upload(pdf, public_id="document"), format="pdf", pages=3, resource_type="image")
exploding = up.explode("document", page="all", notification_url=receiver.url)
has(exploding, status="processing")
assert len(exploding["batch_id"]) == 64
told = has(receiver.wait("explode")[0], batch_id=exploding["batch_id"], pages=3, public_id="document", asset_id=stored["asset_id"])
assert [info["url"] for info in told["image_infos"]] == [
    f"http://{HOST}/{KEY}/image/upload/pg_{page}/v{stored['version']}/document.png" for page in (1, 2, 3)], told
assert all(info["bytes"] > 50 for info in told["image_infos"])
assert sorted(one["transformation"] for one in api.resource("document")["derived"]) == ["pg_1/png", "pg_2/png", "pg_3/png"]
# Pages as eager transformations, among others and of an asset that is there.
eager = [{"width": 8, "crop": "scale"}, {"page": 2, "width": 6, "crop": "scale", "format": "png"}, {"width": 4, "crop": "scale", "format": "jpg"}]
made = upload(pdf, public_id="paged", eager=eager)["eager"]
assert [(one["transformation"], one["width"], one["format"]) for one in made] == [
    ("c_scale,w_8", 8, "pdf"), ("c_scale,pg_2,w_6/png", 6, "png"), ("c_scale,w_4/jpg", 4, "jpg")], made
second = opened(get(made[1]["url"])[1]).convert("RGB")
assert second.size[0] == 6 and second.getpixel((3, 0))[0] > 200, second.getpixel((3, 0))
dense = up.explicit("paged", type="upload", eager=[{"density": 300, "format": "png"}, {"page": 3, "format": "png"}])["eager"]
assert dense[0]["width"] > dense[1]["width"], dense
assert len(api.resource("paged", max_results=50)["derived"]) == 5
# The same later: told of once, in the order asked.
later = upload(pdf, public_id="paged2", eager=eager, eager_async=True, eager_notification_url=receiver.url)
assert [one["status"] for one in later["eager"]] == ["processing"] * 3
told = has(receiver.wait("eager")[0], public_id="paged2", asset_id=later["asset_id"], batch_id=later["batch_id"])
assert [(one["transformation"], one["width"], one["format"]) for one in told["eager"]] == [
    ("c_scale,w_8", 8, "pdf"), ("c_scale,pg_2,w_6/png", 6, "png"), ("c_scale,w_4/jpg", 4, "jpg")], told
second = opened(get(told["eager"][1]["url"])[1]).convert("RGB")
assert second.size[0] == 6 and second.getpixel((3, 0))[0] > 200, second.getpixel((3, 0))
assert len(api.resource("paged2")["derived"]) == 3
pending = up.explicit("paged2", type="upload", eager=[{"page": 9, "format": "png"}, {"page": 3, "format": "png"}],
                      notification_url=receiver.url, **{"async": True})
has(pending, status="pending")
told = [one for one in receiver.wait("eager", 2) if one["batch_id"] == pending["batch_id"]][0]["eager"]
assert told[0]["status"] == "failed" and told[0]["reason"] and told[1]["format"] == "png", told
refused(cloudinary.exceptions.BadRequest, "pg_all", up.explode, "document", page=1)
refused(cloudinary.exceptions.NotFound, "none", up.explode, "none", page="all")

# A text, and originals by a signed address.
text = has(up.text("Hello, world/100%", public_id="hello", font_family="Arial", font_size=30, font_color="#ff0000"), type="text", format="png")
assert text["width"] > 60 and text["height"] > 10 and "/image/text/" in text["url"], text
address = cloudinary.utils.private_download_url("a", "png", attachment=True)
assert opened(get(address)[1]).size == (40, 10)
get(cloudinary.utils.private_download_url("a", "png", expires_at=1), 401)

# An archive, stored and at once.
import zipfile
stored = has(up.create_zip(tags="logo", target_public_id="all", target_tags=["zip"]), public_id="all.zip", resource_type="raw",
             resource_count=3, file_count=3, tags=["zip"])
headers, bytes_ = get(cloudinary.utils.download_zip_url(public_ids=["a", "b/red"]))
archive = zipfile.ZipFile(io.BytesIO(bytes_))
assert archive.testzip() is None and sorted(archive.namelist()) == ["a.png", "b/red.png"]
assert archive.read("a.png") == picture(40, 10, "green") and "attachment" in headers["content-disposition"]
told = has(up.create_zip(tags="logo", target_public_id="told", notification_url=receiver.url), public_id="told.zip")
body = has(receiver.wait("generate_archive")[0], public_id="told.zip", resource_count=3, file_count=3, bytes=told["bytes"],
           etag=told["etag"], asset_id=told["asset_id"], resource_type="raw", signature_key=KEY)
assert body["secure_url"] == told["secure_url"] and "signature" not in body
later = up.create_zip(tags="logo", target_public_id="late", notification_url=receiver.url, **{"async": True})
has(receiver.wait("generate_archive", 2)[1], batch_id=later["batch_id"], public_id="late.zip")
# Of results, and as a tape.
made = up.create_archive(tags="logo", transformations=[{"width": 5, "crop": "scale"}, {"width": 6, "crop": "scale", "format": "jpg"}],
                         target_format="tgz", target_public_id="small")
has(made, public_id="small.tgz", resource_count=3, file_count=6)
import tarfile
tape = tarfile.open(fileobj=io.BytesIO(get(made["secure_url"])[1]), mode="r:gz")
names = ["c_scale,w_5/a.png", "c_scale,w_5/b/red.png", "c_scale,w_5/c.png", "c_scale,w_6/a.jpg", "c_scale,w_6/b/red.jpg", "c_scale,w_6/c.jpg"]
assert sorted(tape.getnames()) == names, tape.getnames()
assert opened(tape.extractfile("c_scale,w_6/a.jpg").read()).size[0] == 6
assert "c_scale,w_5" in [one["transformation"] for one in api.resource("a")["derived"]]
flat = up.create_zip(public_ids=["b/red"], transformations=[{"width": 5, "crop": "scale"}], flatten_folders=True,
                     flatten_transformations=True, target_public_id="flat")
assert zipfile.ZipFile(io.BytesIO(get(flat["secure_url"])[1])).namelist() == ["red_c_scale,w_5.png"]
long = "x" * 150
upload(picture(3, 3), public_id=long)
tape = tarfile.open(fileobj=io.BytesIO(get(cloudinary.utils.download_archive_url(public_ids=[long], target_format="tgz"))[1]), mode="r:gz")
assert tape.getnames() == [long + ".png"] and tape.extractfile(long + ".png").read() == picture(3, 3)
refused(cloudinary.exceptions.BadRequest, "target_format", up.create_archive, tags="logo", target_format="rar")
refused(cloudinary.exceptions.BadRequest, "Invalid width", up.create_archive, tags="logo", transformations="w_x")
flat = zipfile.ZipFile(io.BytesIO(get(cloudinary.utils.download_zip_url(prefixes=["b/"], flatten_folders=True))[1]))
assert flat.namelist() == ["red.png"]
get(cloudinary.utils.download_zip_url(public_ids=["a", "none"]), 404)
get(cloudinary.utils.download_zip_url(tags=["none"]), 404)

# A token that deletes what was just uploaded.
token = upload(public_id="brief", return_delete_token=True)["delete_token"]
answers = [up.call_api("delete_by_token", {"token": token}, unsigned=True)]
has(answers[0], result="ok")
refused(cloudinary.exceptions.NotFound, "brief", api.resource, "brief")
refused(cloudinary.exceptions.BadRequest, "Invalid token", up.call_api, "delete_by_token", {"token": token}, unsigned=True)
print("ok")
