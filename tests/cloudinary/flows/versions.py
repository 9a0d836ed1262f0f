receiver = Receiver()
first_bytes, second_bytes = picture(20, 10), picture(30, 10, (1, 2, 3))

# What was saved with a backup comes back after it was deleted.
first = upload(first_bytes, public_id="a/b", backup=True, tags="one")
up.destroy("a/b")
refused(cloudinary.exceptions.NotFound, "a/b", api.resource, "a/b")
api.call_api("post", ["triggers"], {"uri": receiver.url, "event_type": "restore_asset_version"})
restored = api.restore(["a/b", "none"])
assert restored["none"] == {"error": "no_backup"}
has(restored["a/b"], width=20, bytes=len(first_bytes), etag=first["etag"], version_id=first["version_id"], tags=["one"])
has(receiver.wait("restore_asset_version")[0]["resources"][0], public_id="a/b", version_id=first["version_id"])
has(api.resource("a/b"), width=20, asset_id=first["asset_id"])

# Each of several, by its id.
assert "versions" not in api.resource("a/b")
second = upload(second_bytes, public_id="a/b", backup=True)
versions = api.resource("a/b", versions=True)["versions"]
assert [one["version_id"] for one in versions] == [first["version_id"], second["version_id"]]
has(versions[1], version=str(second["version"]), size=len(second_bytes), restorable=True)
upload(public_id="a/b", eager={"width": 5, "crop": "scale"})
assert len(api.resource("a/b", versions=True)["versions"]) == 2, "only what was saved with a backup"
has(api.restore(["a/b"], versions=[first["version_id"]])["a/b"], width=20)
assert api.resource("a/b")["derived"] == [], "results of other bytes"
api.delete_resources(["a/b"])
gone = has(api.resource("a/b", versions=True), placeholder=True, bytes=0)
assert len(gone["versions"]) == 2
has(api.restore(["a/b"], versions=[second["version_id"]])["a/b"], width=30)
has(api.restore(["a/b"], versions=["0" * 32]), **{"a/b": {"error": "no_backup"}})

# They follow a new name, and what an asset is now can be kept later.
up.rename("a/b", "c")
has(api.restore(["c"], versions=[first["version_id"]])["c"], width=20)
plain = upload(second_bytes, public_id="plain")
up.explicit("plain", type="upload", backup=True)
up.destroy("plain")
has(api.restore(["plain"])["plain"], etag=plain["etag"])

# They take room until they are forgotten.
asset_id = api.resource("c")["asset_id"]
before = api.usage()["storage"]["usage"]
answer = api.delete_backed_up_assets(asset_id, [second["version_id"]])
has(answer, deleted_version_ids=[second["version_id"]])
assert api.usage()["storage"]["usage"] == before - len(second_bytes)
assert [one["version_id"] for one in api.resource("c", versions=True)["versions"]] == [first["version_id"]]
print("ok")
