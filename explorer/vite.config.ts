import { defineConfig } from 'vite';

/** The page's build: `explorer/build.ts` runs it, and says where to. */
export default defineConfig({
  root: import.meta.dirname,
  appType: 'spa',
  build: {
    // `light-dark()` and nesting are left as they are: all three have them since May 2024.
    target: ['chrome123', 'firefox121', 'safari17.5'],
    assetsDir: 'assets',
    // Inlined as data: URLs they would need a wider content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  worker: { format: 'es' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
});
