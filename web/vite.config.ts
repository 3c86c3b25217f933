import react from "@vitejs/plugin-react";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/** Says beside the bundle which sources it was made of, so that a test can tell when it is stale. */
function sources(): Plugin {
  return {
    name: "sources",
    generateBundle() {
      const found = readdirSync("src", { recursive: true, withFileTypes: true }).filter((f) => f.isFile() && !f.name.includes(".test."));
      const names = [...found.map((f) => `${f.parentPath}/${f.name}`.replaceAll("\\", "/")), "index.html", "package-lock.json", "vite.config.ts"].sort();
      const hash = createHash("sha256");
      for (const name of names) hash.update(`${name}\0`).update(readFileSync(name)).update("\0");
      this.emitFile({ type: "asset", fileName: "sources.sha256", source: `${hash.digest("hex")}\n` });
    },
  };
}

// One script, one sheet, fixed names: the server knows them, and a shared run holds them inside.
export default defineConfig({
  base: "./",
  plugins: [react(), sources()],
  build: {
    outDir: "../src/manyminds/server/page",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: {
      output: {
        entryFileNames: "page.js",
        assetFileNames: (asset) => (asset.names.some((n) => n.endsWith(".css")) ? "page.css" : "[name][extname]"),
        inlineDynamicImports: true,
      },
    },
  },
});
