import urllib.error, urllib.request


def delivered(public_id, **options):
    """The picture at the address that the SDK makes, and the answer's headers."""
    url, _ = cloudinary.utils.cloudinary_url(public_id, secure=False, cname=HOST, **options)
    with urllib.request.urlopen(url) as answer:
        return Image.open(io.BytesIO(answer.read())), answer.headers


stored = upload(public_id="folder/banner", tags="wide")
original, headers = delivered("folder/banner", format="png")
assert original.size == (241, 51) and original.getpixel((3, 3)) == (200, 100, 50), original
assert headers["ETag"].strip('"') == stored["etag"], headers["ETag"]

small, headers = delivered("folder/banner", width=100, height=40, crop="fill", format="jpg")
assert (small.size, small.format, headers["Content-Type"]) == ((100, 40), "JPEG", "image/jpeg")
small, _ = delivered("folder/banner", format="png", transformation=[{"width": 0.5, "crop": "scale"}, {"effect": "negate"}])
assert abs(small.size[0] - 120.5) < 1 and small.convert("RGB").getpixel((2, 2)) == (55, 155, 205), small.size

# What was made is listed with the resource, and goes with it.
made = api.resource("folder/banner")["derived"]
assert sorted(entry["transformation"] for entry in made) == ["c_fill,h_40,w_100/jpg", "c_scale,w_0.5/e_negate"], made
api.create_transformation("half", {"width": 0.5, "crop": "scale"})
named, _ = delivered("folder/banner", transformation="half", format="png")
assert named.size == small.size, named.size

# The widths that are worth having, in the place of the picture.
url, _ = cloudinary.utils.cloudinary_url("folder/banner", secure=False, cname=HOST, raw_transformation="c_scale,w_auto:breakpoints:json")
with urllib.request.urlopen(url) as answer:
    assert answer.headers["Content-Type"] == "application/json" and json.load(answer) == {"breakpoints": [241, 50]}

# A name that means another picture now delivers that one.
upload(picture(60, 30, (0, 0, 255)), public_id="folder/banner", invalidate=True)
again, _ = delivered("folder/banner", width=20, crop="scale", format="png")
assert again.size == (20, 10) and again.convert("RGB").getpixel((1, 1)) == (0, 0, 255), again

upload(public_id="hidden", type="authenticated")
signed, _ = delivered("hidden", type="authenticated", sign_url=True, width=10, crop="scale", format="png")
assert signed.size[0] == 10
for public_id, options, status in [
    ("hidden", {"type": "authenticated", "width": 10, "crop": "scale"}, 401),
    ("nothing", {"format": "png"}, 404),
    ("folder/banner", {"raw_transformation": "e_bluur"}, 400),
]:
    try:
        delivered(public_id, **options)
    except urllib.error.HTTPError as error:
        assert error.code == status and error.headers["X-Cld-Error"], (error.code, error.headers)
    else:
        raise AssertionError(f"{public_id} is delivered")

up.destroy("folder/banner", invalidate=True)
try:
    delivered("folder/banner", width=20, crop="scale", format="png")
    raise AssertionError("what was destroyed is delivered")
except urllib.error.HTTPError as error:
    assert error.code == 404, error.code
print("ok")
