receiver = Receiver()
api.add_metadata_field({"external_id": "sku", "label": "SKU", "type": "string"})
one = upload(public_id="a/one", tags="x,y")
upload(public_id="a/two")

# Tags.
has(up.add_tag("new, x", ["a/one", "none"]), public_ids=["a/one"])
assert api.resource("a/one")["tags"] == ["new", "x", "y"]
has(up.remove_tag("x", ["a/one"]), public_ids=["a/one"])
has(up.replace_tag("r1,r2", ["a/one", "a/two"], notification_url=receiver.url), public_ids=["a/one", "a/two"])
told = receiver.wait("resource_tags_changed")[0]
changed = {entry["public_id"]: (entry["added"], entry["removed"]) for entry in told["resources"]}
assert changed == {"a/one": (["r1", "r2"], ["y", "new"]), "a/two": (["r1", "r2"], [])}, changed
assert [row["public_id"] for row in api.resources_by_tag("r1")["resources"]] == ["a/two", "a/one"]
has(up.remove_all_tags(["a/two"]), public_ids=["a/two"])
assert api.tags()["tags"] == ["r1", "r2"] and api.tags(prefix="r2")["tags"] == ["r2"] and api.tags(prefix="z")["tags"] == []

# Context and metadata.
up.add_context({"alt": "A cat", "k": "v"}, ["a/one"])
up.add_context({"k": "w"}, ["a/one"], notification_url=receiver.url)
assert receiver.wait("resource_context_changed")[0]["resources"]["a/one"]["updated"] == {"k": "w"}
assert api.resource("a/one")["context"] == {"custom": {"alt": "A cat", "k": "w"}}
assert [row["public_id"] for row in api.resources_by_context("k", "w")["resources"]] == ["a/one"]
assert api.resources_by_context("k", "v")["resources"] == []
up.remove_all_context(["a/one"])
assert "context" not in api.resource("a/one")
has(up.update_metadata({"sku": "42"}, ["a/one"]), public_ids=["a/one"])
assert api.resource("a/one")["metadata"] == {"sku": "42"}
api.delete_metadata_field("sku")

# Explicit: what is known of an asset that is there.
told = up.explicit("a/one", type="upload", tags=["e"], face_coordinates=[[120, 30, 109, 150]], notification_url=receiver.url)
has(told, version=one["version"], tags=["e"], coordinates={"faces": [[120, 30, 109, 150]]})
body = has(receiver.wait("upload")[0], public_id="a/one", tags=["e"], api_key=KEY, signature_key=KEY)
assert "signature" not in body and body["notification_context"]["triggered_by"]["id"] == KEY
faces = upload(public_id="faces", face_coordinates=[[120, 30, 109, 150]], faces=True)
assert faces["faces"] == [[120, 30, 109, 51]]
has(up.explicit("facebook", type="facebook", **{"async": True}), status="pending", type="facebook")

# Rename: the same asset under another name.
renamed = up.rename("a/one", "b/three", notification_url=receiver.url)
has(renamed, public_id="b/three", asset_id=one["asset_id"], folder="b", tags=["e"])
has(receiver.wait("rename")[0], from_public_id="a/one", to_public_id="b/three", asset_id=one["asset_id"])
refused(cloudinary.exceptions.NotFound, "a/one", api.resource, "a/one")
has(up.rename("b/three", "a/two", overwrite=True), public_id="a/two", asset_id=one["asset_id"])
has(up.rename("a/two", "a/two", to_type="private"), type="private")
has(up.rename("a/two", "a/two", type="private", to_type="upload"), type="upload")

# Destroy, and changes that nobody sees half of.
has(up.destroy("a/two", notification_url=receiver.url), result="ok")
deleted = receiver.wait("delete")[0]["resources"]
assert [row["public_id"] for row in deleted] == ["a/two"]
has(up.destroy("a/two"), result="not found")
upload(public_id="busy")
threads = [threading.Thread(target=up.add_tag, args=(f"t{number}", ["busy"])) for number in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert api.resource("busy")["tags"] == [f"t{number}" for number in range(8)]
print("ok")
