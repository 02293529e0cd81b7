// Bundles assets/{js,css} into assets/dist and writes the hash that pages put behind ?v= in their asset addresses.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const dist = "assets/dist";
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

const common = {
  outdir: dist,
  entryNames: "[name]",
  assetNames: "[name]-[hash]", // fonts are named from inside app.css, where no ?v= reaches
  chunkNames: "[name]-[hash]", // and so are parts that a module fetches later
  loader: { ".woff2": "file" },
  bundle: true,
  minify: true,
  target: ["chrome123", "firefox121", "safari17.5"], // the first with light-dark()
  legalComments: "none",
  logLevel: "warning",
};
await build({
  ...common,
  format: "iife",
  entryPoints: ["assets/js/theme.js", "assets/js/app.js", "assets/js/wallet.js", "assets/js/record.js", "assets/js/chart.js", "assets/js/playground.js", "assets/js/publish.js", "assets/css/app.css"],
});
await build({ ...common, format: "esm", splitting: true, entryPoints: ["assets/js/budgets.js"] });
copyFileSync("assets/wren.svg", `${dist}/wren.svg`);
// The licences that a model may name; the server reads them from here, too.
writeFileSync(`${dist}/licences.txt`, readFileSync("node_modules/spdx-license-ids/index.json", "utf8").replace(/[[\]",\s]+/g, "\n").trim() + "\n");

const hash = createHash("sha256");
for (const name of readdirSync(dist).sort()) hash.update(name).update(readFileSync(`${dist}/${name}`));
writeFileSync(`${dist}/version`, hash.digest("hex").slice(0, 12));
