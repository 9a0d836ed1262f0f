receiver = Receiver()
data = picture()

# While the client waits.
made = upload(data, public_id="logo", eager=[{"width": 2.0, "crop": "scale"}, {"width": 100, "height": 50, "crop": "fill", "format": "jpg"}])
first, second = made["eager"]
has(first, transformation="c_scale,w_2.0", width=482, height=102, format="png")
has(second, transformation="c_fill,h_50,w_100/jpg", width=100, height=50, format="jpg")
assert first["secure_url"] == f"https://{HOST}/{KEY}/image/upload/c_scale,w_2.0/v{made['version']}/logo.png"
assert second["url"] == f"http://{HOST}/{KEY}/image/upload/c_fill,h_50,w_100/v{made['version']}/logo.jpg"
derived = api.resource("logo")["derived"]
assert sorted(one["transformation"] for one in derived) == ["c_fill,h_50,w_100/jpg", "c_scale,w_2.0"], derived
assert all(len(one["id"]) == 32 and one["bytes"] > 0 for one in derived)
listed = {one["name"]: one for one in api.transformations()["transformations"]}
has(listed["c_scale,w_2.0"], used=True, named=False)
has(api.transformation("c_scale,w_2.0")["derived"][0], public_id="logo", format="png")

# One that cannot be made fails the upload, and nothing is stored.
refused(cloudinary.exceptions.BadRequest, "Unknown transformation", upload, data, public_id="bad", eager=["w_10", "t_none"])
refused(cloudinary.exceptions.NotFound, "bad", api.resource, "bad")

# Before storing.
small = upload(data, public_id="small", transformation={"width": 60, "crop": "scale"}, format="jpg", eager="c_scale,w_0.5")
has(small, width=60, height=13, format="jpg")
has(small["eager"][0], width=30, format="jpg")
assert small["etag"] != hashlib.md5(data).hexdigest()
has(upload(data, format="png"), etag=hashlib.md5(data).hexdigest())
has(upload(data, format="webp", allowed_formats=["webp"]), format="webp")

# With explicit, of an asset that is there.
again = up.explicit("logo", type="upload", eager=[{"width": 50, "crop": "scale"}])
has(again["eager"][0], width=50, height=11)
assert again["version"] == made["version"]
assert again["eager"][0]["secure_url"] == cloudinary.CloudinaryImage("logo", version=made["version"], format="png").build_url(width=50, crop="scale")
assert len(api.resource("logo")["derived"]) == 3

# Named transformations.
api.create_transformation("half", {"width": 0.5, "crop": "scale"})
has(up.explicit("logo", type="upload", eager="t_half")["eager"][0], width=121)

# Later, with a notification.
later = upload(data, public_id="later", eager=["c_scale,w_10", "c_scale,w_20/jpg"], eager_async=True,
               eager_notification_url=receiver.url, notification_url=receiver.url)
assert len(later["batch_id"]) == 64
assert [one["status"] for one in later["eager"]] == ["processing", "processing"]
has(receiver.wait("upload")[0], public_id="later", width=241)
told = has(receiver.wait("eager")[0], batch_id=later["batch_id"], public_id="later", asset_id=later["asset_id"], api_key=KEY)
assert [(one["transformation"], one["width"], one["format"]) for one in told["eager"]] == [("c_scale,w_10", 10, "png"), ("c_scale,w_20/jpg", 20, "jpg")]
assert len(api.resource("later")["derived"]) == 2
told = up.explicit("later", type="upload", eager=["c_scale,w_30", "t_none"], eager_async=True, eager_notification_url=receiver.url)
told = [one for one in receiver.wait("eager", 2) if one["batch_id"] == told["batch_id"]][0]["eager"]
assert told[0]["width"] == 30 and told[1]["status"] == "failed" and "Unknown transformation" in told[1]["reason"], told

# All of it later.
pending = upload(data, public_id="async", notification_url=receiver.url, **{"async": True})
has(pending, status="pending", resource_type="image", type="upload", public_id="async")
told = [one for one in receiver.wait("upload", 2) if one["public_id"] == "async"][0]
has(told, batch_id=pending["batch_id"], width=241)
upload(b"no picture", public_id="wrong", notification_url=receiver.url, **{"async": True})
told = receiver.wait("error")[0]
assert told["error"]["message"] == "Invalid image file" and told["public_id"] == "wrong"

# Deleting results.
ids = [one["id"] for one in api.resource("logo")["derived"]]
assert api.delete_derived_resources([ids[0]])["deleted"] == {ids[0]: "deleted"}
api.delete_derived_by_transformation(["logo"], {"width": 50, "crop": "scale"})
assert len(api.resource("logo")["derived"]) == len(ids) - 2
has(api.delete_resources(["logo"], keep_original=True), deleted={"logo": "deleted"})
assert api.resource("logo")["derived"] == []
upload(data, public_id="later")
assert api.resource("later")["derived"] == [], "results of other bytes"
print("ok")
