// The Node SDK against the server: node node.mjs <base> <key> <secret>. Its `https` or `http` module is chosen
// when it is loaded, so the environment is set before.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import http from "node:http";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createRequire } from "node:module";

const [base, key, secret, modules] = process.argv.slice(2);
process.env.CLOUDINARY_URL = `cloudinary://${key}:${secret}@${key}?upload_prefix=${base}`;
const cloudinary = createRequire(path.join(modules, "package.json"))("cloudinary").v2;
const { uploader, api, utils, search } = cloudinary;

// A 1 x 1 PNG.
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const md5 = (bytes) => createHash("md5").update(bytes).digest("hex");
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "safelight-node-"));
const file = path.join(dir, "übung 1.png");
fs.writeFileSync(file, png);
const fails = async (work, status, part) => {
  try {
    await work();
  } catch (error) {
    const told = error.error ?? error;
    assert.equal(told.http_code, status, JSON.stringify(told));
    assert.ok(told.message.includes(part), told.message);
    return;
  }
  assert.fail(`not refused: ${part}`);
};

try {
  // A file, whose name is written as Latin-1; a stream; a data URI.
  const first = await uploader.upload(file, { public_id: "a/logo", tags: ["x", "y"], context: { alt: "A|b" } });
  assert.equal(first.etag, md5(png));
  assert.deepEqual([first.public_id, first.width, first.tags, first.context.custom.alt], ["a/logo", 1, ["x", "y"], "A|b"]);
  assert.equal(first.original_filename, "übung 1");
  assert.equal(first.signature, utils.api_sign_request({ public_id: first.public_id, version: first.version }, secret, "sha1", 1));
  const streamed = await new Promise((resolve, reject) => {
    uploader.upload_stream({ public_id: "streamed", overwrite: true }, (error, answer) => (error ? reject(error) : resolve(answer))).end(png);
  });
  assert.equal(streamed.etag, md5(png));
  assert.equal((await uploader.upload(`data:image/png;base64,${png.toString("base64")}`)).etag, md5(png));

  // A large file in parts, whose number is known with the last one only.
  const large = Buffer.alloc(11_000_000, "0123456789");
  fs.writeFileSync(path.join(dir, "large.bin"), large);
  const whole = await new Promise((resolve, reject) =>
    uploader.upload_large(path.join(dir, "large.bin"), { chunk_size: 5_500_000, public_id: "large.bin", resource_type: "raw" },
      (error, answer) => (error ? reject(error) : resolve(answer))));
  assert.deepEqual([whole.bytes, whole.etag, whole.public_id], [large.length, md5(large), "large.bin"]);

  // Eager transformations with a notification.
  const notified = new Promise((resolve, reject) => {
    const server = http.createServer((request, response) => {
      const parts = [];
      request.on("data", (part) => parts.push(part));
      request.on("end", () => {
        response.end();
        server.close();
        const body = Buffer.concat(parts).toString();
        const verified = utils.verifyNotificationSignature(
          body, Number(request.headers["x-cld-timestamp"]), request.headers["x-cld-signature"]);
        verified ? resolve(JSON.parse(body)) : reject(new Error("a forged notification"));
      });
    });
    server.listen(0, "127.0.0.1", async () => {
      const answer = await uploader.upload(file, {
        public_id: "eager", eager: [{ width: 8, crop: "scale" }, { width: 4, crop: "scale", format: "jpg" }], eager_async: true,
        eager_notification_url: `http://127.0.0.1:${server.address().port}/`,
      });
      assert.equal(answer.batch_id.length, 64);
    });
  });
  const told = await notified;
  assert.deepEqual(told.eager.map((one) => [one.width, one.format]), [[8, "png"], [4, "jpg"]]);
  const sync = await uploader.explicit("eager", { type: "upload", eager: { width: 3, crop: "scale" } });
  assert.equal(sync.eager[0].width, 3);

  // Sheets, animations, documents and their pages; a file by its address, here one of the server's own.
  for (const id of ["s1", "s2", "s3"]) await uploader.upload(file, { public_id: id, tags: "sheet" });
  const sheet = await uploader.generate_sprite("sheet");
  assert.deepEqual(Object.keys(sheet.image_infos), ["s1", "s2", "s3"]);
  assert.ok(sheet.css_url.endsWith("/sheet.css") && sheet.secure_image_url.startsWith("https://"));
  assert.ok((await uploader.multi("sheet")).url.endsWith("/sheet.gif"));
  const document = await uploader.upload((await uploader.multi("sheet", { format: "pdf" })).url, { public_id: "doc" });
  assert.deepEqual([document.format, document.pages], ["pdf", 3]);
  assert.equal((await uploader.explode("doc", { page: "all" })).status, "processing");
  let pages = [];
  for (let tries = 0; tries < 300 && pages.length < 3; tries++) {
    pages = (await api.resource("doc")).derived;
    if (pages.length < 3) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.deepEqual(pages.map((one) => one.transformation).sort(), ["pg_1/png", "pg_2/png", "pg_3/png"]);

  // Lists go on from a cursor.
  const listed = [];
  let cursor;
  do {
    const page = await api.resources({ type: "upload", prefix: "s", max_results: 2, next_cursor: cursor });
    listed.push(...page.resources.map((row) => row.public_id));
    cursor = page.next_cursor;
  } while (cursor);
  assert.deepEqual(listed.sort(), ["s1", "s2", "s3", "streamed"]);
  assert.equal((await uploader.remove_all_tags(["s1"])).public_ids[0], "s1");
  const widths = await uploader.upload(file, { responsive_breakpoints: { create_derived: false, max_images: 2 }, colors: true });
  assert.equal(widths.responsive_breakpoints[0].breakpoints[0].width, 1);
  assert.ok(Array.isArray(widths.colors) && widths.predominant.google);

  // Changes; a public id with a slash is one segment of a path.
  assert.deepEqual((await uploader.add_tag("z", ["a/logo"])).public_ids, ["a/logo"]);
  assert.deepEqual((await api.resource("a/logo")).tags, ["x", "y", "z"]);
  await uploader.add_context("k=v", ["a/logo"]);
  assert.equal((await api.resource("a/logo")).context.custom.k, "v");
  assert.equal((await uploader.rename("a/logo", "b/logo")).public_id, "b/logo");
  await fails(() => uploader.rename("b/logo", "eager"), 400, "already exists");
  await fails(() => api.resource("a/logo"), 404, "Resource not found - a/logo");
  await fails(() => uploader.upload(file, { api_secret: "wrong" }), 401, "Invalid Signature");
  await fails(() => uploader.upload(file, { allowed_formats: ["jpg"] }), 400, "not allowed");
  await fails(() => api.ping({ api_secret: "wrong" }), 401, "Invalid credentials");

  // The admin API: forms, JSON, bodies with DELETE.
  assert.equal((await api.update("b/logo", { tags: "q", moderation_status: "rejected" })).moderation[0].status, "rejected");
  assert.equal((await api.resources_by_ids(["b/logo", "eager", "none"])).resources.length, 2);
  assert.equal((await api.create_transformation("t", { width: 5, crop: "scale" })).message, "created");
  assert.deepEqual((await api.transformation("t")).info, [{ crop: "scale", width: 5 }]);
  assert.equal((await api.delete_transformation("t")).message, "deleted");
  const preset = await api.create_upload_preset({ unsigned: true, folder: "f", tags: ["a", "b"] });
  assert.equal((await uploader.unsigned_upload(file, preset.name, { public_id: "u" })).public_id, "f/u");
  assert.equal((await api.update_upload_preset(preset.name, { colors: true })).message, "updated");
  assert.deepEqual((await api.upload_preset(preset.name)).settings, { folder: "f", tags: "a,b", colors: true });
  assert.equal((await api.delete_upload_preset(preset.name)).message, "deleted");
  assert.equal((await search.expression("tags=q").sort_by("public_id", "desc").execute()).total_count, 1);
  const answer = await api.delete_resources(["b/logo", "none"]);
  assert.deepEqual(answer.deleted, { "b/logo": "deleted", none: "not_found" });
  assert.ok(answer.rate_limit_remaining > 0);
  assert.equal((await uploader.destroy("eager", { invalidate: true })).result, "ok");
  console.log("ok");
} finally {
  fs.rmSync(dir, { recursive: true });
}
