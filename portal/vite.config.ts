import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// In development the page is served by Vite and the hubs by a server that runs beside it: MESOLIVE_URL says where.
const server = process.env["MESOLIVE_URL"] ?? "http://127.0.0.1:8700";
const proxied = { target: server, changeOrigin: true, rewriteWsOrigin: true };

export default defineConfig({
  plugins: [svelte()],
  base: "/",
  experimental: {
    // Scripts find each other beside themselves, whatever prefix a proxy adds; the server puts the prefix into index.html.
    renderBuiltUrl(_name, { hostType }) {
      return hostType === "html" ? undefined : { relative: true };
    },
  },
  build: {
    outDir: "../packages/mesolive/src/mesolive/portal/assets",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    sourcemap: false,
    reportCompressedSize: false,
    rollupOptions: { output: { entryFileNames: "assets/[name]-[hash].js", chunkFileNames: "assets/[name]-[hash].js", assetFileNames: "assets/[name]-[hash][extname]" } },
  },
  server: {
    proxy: { "/hubs": { ...proxied, ws: true }, "/portal": proxied, "/health": proxied },
  },
});
