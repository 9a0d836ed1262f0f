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
assert receiver.bodies and up.update_metadata({"sku": "43"}, ["a/one"], notification_url=receiver.url)
entry = receiver.wait("resource_metadata_changed")[0]["resources"]["a/one"]
has(entry, previous_metadata={"sku": "42"}, new_metadata={"sku": "43"}, asset_id=one["asset_id"], resource_type="image", type="upload")
bad = cloudinary.exceptions.BadRequest
refused(bad, "Metadata field none does not exist", up.update_metadata, {"none": "1"}, ["a/one"])
api.add_metadata_field({"external_id": "size", "label": "Size", "type": "integer", "default_value": 5,
                        "validation": {"type": "and", "rules": [{"type": "greater_than", "value": 3, "equals": True},
                                                                {"type": "less_than", "value": 10, "equals": False}]}})
api.add_metadata_field({"external_id": "hue", "label": "Hue", "type": "set", "datasource": {"values": [
    {"external_id": "r", "value": "Red"}, {"external_id": "g", "value": "Green"}]}})
refused(bad, "size", api.add_metadata_field, {"external_id": "size2", "label": "S", "type": "integer", "default_value": "x"})
has(upload(public_id="sized"), metadata={"size": 5})
has(upload(public_id="sized2", metadata={"size": "7", "hue": ["r", "g"]}), metadata={"size": 7, "hue": ["r", "g"]})
for value, part in [({"size": "12"}, "less than 10"), ({"size": "two"}, "a whole number"), ({"hue": ["x"]}, "external_ids")]:
    refused(bad, part, upload, public_id="wrong", metadata=value)
    refused(bad, part, up.update_metadata, value, ["sized"])
    refused(bad, part, up.explicit, "sized", type="upload", metadata=value)
refused(cloudinary.exceptions.NotFound, "wrong", api.resource, "wrong")
up.update_metadata({"size": "12", "hue": ["g"]}, ["sized"], clear_invalid=True)
assert api.resource("sized")["metadata"] == {"size": 5, "hue": ["g"]}
up.update_metadata({"hue": ""}, ["sized"])
assert api.resource("sized")["metadata"] == {"size": 5}
api.update_metadata_field_datasource("hue", [{"external_id": "b", "value": "Blue"}])
up.update_metadata({"hue": ["b"]}, ["sized"])
api.delete_datasource_entries("hue", ["b"])
refused(bad, "hue", up.update_metadata, {"hue": ["b"]}, ["sized"])
api.restore_metadata_field_datasource("hue", ["b"])
up.update_metadata({"hue": ["b"]}, ["sized"])
api.add_metadata_field({"external_id": "must", "label": "Must", "type": "string", "mandatory": True})
refused(bad, "mandatory metadata field must", upload, public_id="wrong")
has(upload(public_id="sized3", metadata={"must": "x"}), metadata={"must": "x", "size": 5})
for field in ["sku", "size", "hue", "must"]:
    api.delete_metadata_field(field)

# An update by the admin API tells of each thing that it changes.
api.update("a/one", tags="e,f", context={"alt": "B"}, display_name="One", asset_folder="shelf", moderation_status="approved",
           access_control=[{"access_type": "anonymous"}], notification_url=receiver.url)
has(receiver.wait("resource_tags_changed", 2)[1]["resources"][0], public_id="a/one", added=["e", "f"])
has(receiver.wait("resource_context_changed", 2)[1]["resources"]["a/one"], added={"alt": "B"}, removed=[])
has(receiver.wait("resource_display_name_changed")[0]["resources"]["a/one"], previous_display_name="one", new_display_name="One")
has(receiver.wait("move")[0]["resources"]["a/one"], from_asset_folder="a", to_asset_folder="shelf")
has(receiver.wait("access_control_changed")[0]["resources"][0], previous_access_control=[],
    new_access_control=[{"access_type": "anonymous"}])
has(receiver.wait("moderation")[0], public_id="a/one", moderation_status="approved", moderation_kind="manual", version=one["version"])
api.update("a/one", tags="", context="", display_name="one", asset_folder="a")

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
