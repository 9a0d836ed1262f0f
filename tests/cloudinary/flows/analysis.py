from PIL import TiffImagePlugin

receiver = Receiver()

# Half red, half blue, with what a camera would write.
exif = Image.Exif()
exif[0x010f], exif[0x0110], exif[0x0112] = "Maker", "Model 1", 6
exif[0x8769] = {0x829a: TiffImagePlugin.IFDRational(1, 250)}
photo = Image.new("RGB", (200, 100), (230, 20, 20))
photo.paste((20, 20, 230), (0, 0, 50, 100))
bytes_ = io.BytesIO()
photo.save(bytes_, "JPEG", exif=exif, quality=95)
data = bytes_.getvalue()

every = dict(colors=True, phash=True, quality_analysis=True, exif=True, image_metadata=True, media_metadata=True, faces=True)


def check(told):
    (first, share), (second, _) = told["colors"][:2]
    assert first[0] == "#" and len(first) == 7 and first == first.upper() and 70 < share < 80, told["colors"]
    assert int(first[1:3], 16) > 200 and int(second[5:], 16) > 200, told["colors"]
    assert [name for name, _ in told["predominant"]["google"]][:2] == ["red", "blue"], told["predominant"]
    assert told["predominant"]["cloudinary"][0][0] == "red" and 70 < told["predominant"]["cloudinary"][0][1] < 80
    assert len(told["phash"]) == 16 and int(told["phash"], 16) >= 0
    scores = told["quality_analysis"]
    assert all(0 <= scores[name] <= 1 for name in ["focus", "noise", "contrast", "exposure", "lighting", "color_score", "pixel_score"])
    assert 0 <= told["quality_score"] <= 1
    for name in ["exif", "image_metadata", "media_metadata"]:
        has(told[name], Make="Maker", Model="Model 1", Orientation="6", ExposureTime="1/250")
    has(told, grayscale=False, semi_transparent=False)
    assert 0 <= told["illustration_score"] <= 1
    assert told["faces"] == []
    return told


plain = upload(data, public_id="plain")
assert not set(every) & set(plain) and "predominant" not in plain, plain
has(plain, width=100, height=200)
told = check(upload(data, public_id="asked", notification_url=receiver.url, **every))
assert told["etag"] == plain["etag"] == hashlib.md5(data).hexdigest()
check(receiver.wait("upload")[0])

# Of an asset that is there: by explicit, and by the admin API, which finds out what was not asked before.
check(up.explicit("plain", type="upload", **every))
upload(data, public_id="later")
shown = api.resource("later")
assert not set(every) & set(shown), shown
check(api.resource("later", **every))
check(api.resource("later", **every))
assert not set(every) & set(api.resource("later"))
assert set(api.resource("later", colors=True)) & {"colors", "predominant", "phash"} == {"colors", "predominant"}
has(upload(picture(), exif=True), exif={})
has(upload(picture(kind="GIF"), colors=True, public_id="still"), format="gif")
raw = upload(b"hello", resource_type="raw", exif=True, colors=True)
assert "colors" not in raw and "exif" not in raw, raw
flat = Image.new("L", (50, 50), 128)
bytes_ = io.BytesIO()
flat.save(bytes_, "PNG")
has(upload(bytes_.getvalue(), image_metadata=True), grayscale=True)
bytes_ = io.BytesIO()
Image.new("RGBA", (50, 50), (10, 20, 30, 100)).save(bytes_, "PNG")
has(upload(bytes_.getvalue(), image_metadata=True), semi_transparent=True)
# After a transformation before storing it is the stored picture that is looked at.
told = upload(data, transformation={"effect": "grayscale"}, colors=True, image_metadata=True)
has(told, grayscale=True)
# Other bytes under the name: what is told is of them.
upload(picture(color=(10, 200, 10)), public_id="asked")
assert api.resource("asked", colors=True)["predominant"]["google"][0] == ["green", 100.0]

# Widths at which the file's size changes noticeably. The picture's own is that after the transformation.
one = upload(public_id="logo", responsive_breakpoints=[
    {"create_derived": True, "transformation": {"angle": 45}, "min_width": 50, "max_width": 1000, "max_images": 20}])
listed = one["responsive_breakpoints"][0]
has(listed, transformation="a_45")
assert [point["width"] for point in listed["breakpoints"]] == [206, 50], listed
for point in listed["breakpoints"]:
    assert point["bytes"] > 0 and point["height"] > 0
    assert point["secure_url"] == f"https://{HOST}/{KEY}/image/upload/a_45/c_scale,w_{point['width']}/v{one['version']}/logo.png"
names = sorted(one["transformation"] for one in api.resource("logo")["derived"])
assert names == ["a_45/c_scale,w_206", "a_45/c_scale,w_50"], names

# Noise is large, so that steps of a few bytes are found; nothing is kept when it is not asked for.
import random
random.seed(1)
noise = Image.frombytes("RGB", (200, 200), bytes(random.randrange(256) for _ in range(200 * 200 * 3)))
bytes_ = io.BytesIO()
noise.save(bytes_, "PNG")
sets = [{"create_derived": False, "bytes_step": 20000, "min_width": 20, "max_width": 180, "max_images": 10, "format": "jpg"},
        {"create_derived": False, "max_images": 3, "min_width": 100, "max_width": 150}]
told = upload(bytes_.getvalue(), public_id="noise", responsive_breakpoints=sets)["responsive_breakpoints"]
first, second = [one["breakpoints"] for one in told]
assert first[0]["width"] == 180 and first[-1]["width"] == 20 and 2 <= len(first) <= 10
assert all(one["url"].endswith("/noise.jpg") for one in first) and "transformation" not in told[0]
assert [one["width"] for one in second][0] == 150 and [one["width"] for one in second][-1] == 100
assert all(a["bytes"] - b["bytes"] >= 20000 for a, b in zip(first, first[1:-1])), first
assert api.resource("noise")["derived"] == []
again = up.explicit("noise", type="upload", responsive_breakpoints={"max_images": 2})["responsive_breakpoints"][0]
assert [one["width"] for one in again["breakpoints"]] == [200, 50]
assert len(api.resource("noise")["derived"]) == 2
for wrong, part in [('{"max_images":0}', "max_images 0"), ("[1]", "responsive_breakpoints"), ('{"min_width":0}', "min_width 0")]:
    refused(cloudinary.exceptions.BadRequest, part, cloudinary.uploader.call_api, "upload",
            {"responsive_breakpoints": wrong, "timestamp": int(time.time())}, file=io.BytesIO(data))
print("ok")
