import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// One script, one sheet, fixed names: the server knows them, and a shared run holds them inside.
export default defineConfig({
  base: "./",
  plugins: [react()],
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
