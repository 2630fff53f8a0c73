import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { aheadPlugin } from './ahead.ts';
import { compressPlugin } from './compress.ts';
import { endpointsPlugin } from './endpoints.ts';
import { firstPageGroups } from './first-page.ts';
import { themePlugin } from './theme.ts';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), aheadPlugin(), endpointsPlugin(), themePlugin(), compressPlugin()],
  build: {
    target: 'es2022',
    // Not assets/, vite's default: that is the address of a page.
    assetsDir: 'static',
    // The Content-Security-Policy allows no data: scripts or fonts, and one small file more costs nothing.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: { output: { codeSplitting: { groups: firstPageGroups() } } },
  },
});
