names = [f"list/{number:02}" for number in range(25)]
for name in names:
    upload(public_id=name, tags=["even" if int(name[-1]) % 2 == 0 else "odd"], context={"n": name[-2:]})
upload(b"text", resource_type="raw", public_id="note.txt")

# Pages.
found, cursor, pages = [], None, 0
while True:
    page = api.resources(type="upload", prefix="list/", max_results=10, next_cursor=cursor)
    found += [row["public_id"] for row in page["resources"]]
    pages, cursor = pages + 1, page.get("next_cursor")
    if cursor is None:
        break
assert pages == 3 and sorted(found) == names and found == names[::-1], found
assert len(api.resources()["resources"]) == 10
ascending = api.resources(type="upload", prefix="list/", direction="asc", max_results=500)["resources"]
assert [row["public_id"] for row in ascending] == names
row = api.resources(prefix="list/00", type="upload", fields=["tags", "bytes"])["resources"][0]
assert set(row) == {"public_id", "asset_id", "folder", "tags", "bytes"} and row["tags"] == ["even"], row
row = api.resources(prefix="list/00", type="upload", tags=True, context=True, metadata=True, moderations=True)["resources"][0]
has(row, tags=["even"], context={"custom": {"n": "00"}})
assert "tags" not in api.resources(prefix="list/00", type="upload")["resources"][0]
assert len(api.resources_by_ids(["list/01", "list/02", "none"])["resources"]) == 2
asset_id = api.resource("list/01")["asset_id"]
assert api.resources_by_asset_ids([asset_id])["resources"][0]["public_id"] == "list/01"
assert api.resource_by_asset_id(asset_id)["public_id"] == "list/01"
assert len(api.resources_by_asset_folder("list", max_results=100)["resources"]) == 25
assert len(api.resources_by_tag("even", max_results=100)["resources"]) == 13
assert [row["public_id"] for row in api.resources_by_context("n", "07")["resources"]] == ["list/07"]
assert sorted(api.resource_types()["resource_types"]) == ["image", "raw"]

# Every answer tells how much is left.
answer = api.ping()
has(answer, status="ok")
assert answer.rate_limit_allowed > 0 and answer.rate_limit_remaining > 0 and answer.rate_limit_reset_at is not None
has(api.usage(), resources=26, derived_resources=0)
assert api.usage(date=time.strftime("%d-%m-%Y", time.gmtime()))["resources"] == 26
has(api.config(settings=True), cloud_name=KEY, settings={"folder_mode": "fixed"})

# Search.
search = lambda text: cloudinary.search.Search().expression(text)
has(search("resource_type:image AND tags=even").execute(), total_count=13)
has(search("public_id:list/1* AND NOT tags=even").execute(), total_count=5)
has(search("folder=list AND (context.n=03 OR context.n=04)").execute(), total_count=2)
has(search("bytes<100").execute(), total_count=1)
has(search("uploaded_at>1d AND width:[200 TO 300]").execute(), total_count=25)
page = search("resource_type:image").sort_by("public_id", "asc").max_results(4).with_field("tags").aggregate("format").execute()
assert [row["public_id"] for row in page["resources"]] == names[:4] and page["aggregations"] == {"format": {"png": 25}}
has(page["resources"][0], tags=["even"], aspect_ratio=241 / 51, pixels=241 * 51)
page = search("resource_type:image").sort_by("public_id", "asc").max_results(4).next_cursor(page["next_cursor"]).execute()
assert [row["public_id"] for row in page["resources"]] == names[4:8]

# Updates and moderation.
upload(public_id="moderated", moderation="manual")
assert [row["public_id"] for row in api.resources_by_moderation("manual", "pending")["resources"]] == ["moderated"]
approved = api.update("moderated", moderation_status="approved", tags="t2,t1", context={"k": "v"}, display_name="Shown")
assert approved["moderation"][0]["status"] == "approved" and approved["moderation"][0]["kind"] == "manual"
has(approved, tags=["t1", "t2"], context={"custom": {"k": "v"}}, display_name="Shown")
assert [row["public_id"] for row in api.resources_by_moderation("manual", "approved")["resources"]] == ["moderated"]

# Transformations.
has(api.create_transformation("thumb", {"width": 100, "height": 50, "crop": "fill"}), message="created")
refused(cloudinary.exceptions.AlreadyExists, "already exists", api.create_transformation, "thumb", {"width": 1})
one = has(api.transformation("thumb"), name="thumb", named=True, used=False, allowed_for_strict=True)
assert one["info"] == [{"crop": "fill", "height": 50, "width": 100}], one
assert [one["name"] for one in api.transformations(named=True)["transformations"]] == ["t_thumb"]
has(api.update_transformation("thumb", allowed_for_strict=False, unsafe_update={"width": 7, "crop": "scale"}), message="updated")
one = has(api.transformation("thumb"), allowed_for_strict=False)
assert one["info"] == [{"crop": "scale", "width": 7}]
has(api.delete_transformation("thumb"), message="deleted")
refused(cloudinary.exceptions.NotFound, "Transformation not found", api.transformation, "thumb")

# Presets.
has(api.create_upload_preset(name="p", folder="f", tags="a,b", unsigned=True, live=True, overwrite=False), message="created", name="p")
has(api.upload_preset("p"), name="p", unsigned=True, settings={"folder": "f", "tags": "a,b", "live": True, "overwrite": False})
has(api.update_upload_preset("p", colors=True, unsigned=False), message="updated")
has(api.upload_preset("p"), unsigned=False, settings={"folder": "f", "tags": "a,b", "live": True, "overwrite": False, "colors": True})
assert len(api.create_upload_preset(tags="x")["name"]) > 5
assert len(api.upload_presets()["presets"]) == 2 and "next_cursor" in api.upload_presets(max_results=1)
has(api.delete_upload_preset("p"), message="deleted")
refused(cloudinary.exceptions.NotFound, "p", api.upload_preset, "p")

# Folders.
has(api.create_folder("made/deep"), success=True, path="made/deep", name="deep")
assert [one["path"] for one in api.root_folders()["folders"]] == ["list", "made"]
assert [one["path"] for one in api.subfolders("made")["folders"]] == ["made/deep"]
refused(cloudinary.exceptions.BadRequest, "not empty", api.delete_folder, "list")
has(api.rename_folder("list", "moved"), to={"name": "moved", "path": "moved"})
assert api.resource("moved/00")["asset_folder"] == "moved"
has(api.delete_folder("made"), deleted=["made", "made/deep"])

# Deletes.
answer = api.delete_resources(["moved/00", "none"])
has(answer, deleted={"moved/00": "deleted", "none": "not_found"}, partial=False)
assert answer["deleted_counts"]["moved/00"] == {"original": 1, "derived": 0}
assert len(api.delete_resources_by_tag("odd")["deleted"]) == 12
assert len(api.delete_resources_by_prefix("moved/")["deleted"]) == 12
assert api.delete_resources_by_asset_ids([api.resource("moderated")["asset_id"]])["deleted"]
has(api.delete_resources(["note.txt"], resource_type="raw"), deleted={"note.txt": "deleted"})
has(api.delete_all_resources(), deleted={})
assert api.usage()["resources"] == 0

# Triggers of the account.
receiver = Receiver()
def trigger(method, path, **fields):
    return api.call_api(method, ["triggers"] + path, fields)
made = trigger("post", [], uri=receiver.url, event_type="upload")
assert [one["id"] for one in trigger("get", [])["triggers"]] == [made["id"]]
upload(public_id="told")
has(receiver.wait("upload")[0], public_id="told")
trigger("delete", [made["id"]])
assert trigger("get", [])["triggers"] == []
print("ok")
