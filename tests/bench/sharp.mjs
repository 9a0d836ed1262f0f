// The same work done by libvips through sharp: prints the process's CPU milliseconds for each picture.
// usage: sharp.mjs FILE ROUNDS THREADS WIDTH,WIDTH...
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.cwd() + "/"));
const sharp = require("sharp");
const [file, rounds, threads, widths] = process.argv.slice(2);
sharp.cache(false);
sharp.concurrency(Number(threads));

async function once() {
  const sizes = widths.split(",").map(Number);
  if (sizes.length === 1) {
    return [await sharp(file).resize({ width: sizes[0] }).jpeg({ quality: 80 }).toBuffer()];
  }
  const source = sharp(file);
  return Promise.all(sizes.map((width) => source.clone().resize({ width }).jpeg({ quality: 80 }).toBuffer()));
}

for (let warm = 0; warm < 3; warm++) await once();
const before = process.cpuUsage();
for (let round = 0; round < Number(rounds); round++) await once();
const used = process.cpuUsage(before);
console.log(((used.user + used.system) / 1000 / Number(rounds)).toFixed(2));
