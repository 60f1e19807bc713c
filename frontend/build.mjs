// Builds app/admin/static from this folder: script, styles, charts, fonts, licences and a manifest of hashes.
// The same sources and lock give the same bytes, so a check may rebuild and compare.

import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.resolve(here, process.env.OUT_DIR ?? "../app/admin/static");
const from = (name) => path.join(here, "node_modules", name);
const target = ["chrome109", "firefox115", "safari16.4"];

const FILES = [
  ["@fontsource-variable/golos-text/files/golos-text-cyrillic-wght-normal.woff2", "fonts/golos-text-cyrillic.woff2"],
  ["@fontsource-variable/golos-text/files/golos-text-latin-wght-normal.woff2", "fonts/golos-text-latin.woff2"],
  ["@fontsource-variable/golos-text/LICENSE", "licences/golos-text-OFL-1.1.txt"],
  ["echarts/LICENSE", "licences/echarts-Apache-2.0.txt"],
  ["echarts/NOTICE", "licences/echarts-NOTICE.txt"],
  ["echarts/licenses/LICENSE-d3", "licences/echarts-d3-BSD-3-Clause.txt"],
  ["zrender/LICENSE", "licences/zrender-BSD-3-Clause.txt"],
  ["tslib/LICENSE.txt", "licences/tslib-0BSD.txt"],
];

await rm(out, { recursive: true, force: true });
for (const folder of ["fonts", "licences", "vendor"]) await mkdir(path.join(out, folder), { recursive: true });
for (const [source, name] of FILES) await cp(from(source), path.join(out, name));
for (const name of await readdir(path.join(here, "assets"))) await cp(path.join(here, "assets", name), path.join(out, name));

const common = { absWorkingDir: here, bundle: true, charset: "utf8", logLevel: "warning", target, format: "iife" };
await build({ ...common, entryPoints: ["src/theme.js"], outfile: path.join(out, "theme.js") });
await build({ ...common, entryPoints: ["src/main.js"], outfile: path.join(out, "obektiv.js") });
await build({
  ...common,
  entryPoints: ["css/index.css"],
  outfile: path.join(out, "obektiv.css"),
  external: ["./fonts/*", "./*.svg"],
});
await build({
  ...common,
  entryPoints: ["src/echarts.js"],
  outfile: path.join(out, "vendor/echarts.js"),
  minify: true,
  legalComments: "none",
  banner: { js: "/* Apache ECharts and zrender: see ../licences */" },
});

const manifest = { files: {}, packages: {} };
for (const name of ["@fontsource-variable/golos-text", "echarts", "zrender", "tslib"]) {
  const { version, license } = JSON.parse(await readFile(from(`${name}/package.json`), "utf8"));
  manifest.packages[name] = { version, license };
}
for (const entry of (await readdir(out, { recursive: true, withFileTypes: true })).filter((item) => item.isFile())) {
  const file = path.join(entry.parentPath ?? entry.path, entry.name);
  const name = path.relative(out, file).split(path.sep).join("/");
  manifest.files[name] = createHash("sha256").update(await readFile(file)).digest("hex");
}
manifest.files = Object.fromEntries(Object.entries(manifest.files).sort(([a], [b]) => (a < b ? -1 : 1)));
await writeFile(path.join(out, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
