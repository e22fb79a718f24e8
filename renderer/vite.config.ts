import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const root = import.meta.dirname;

export default defineConfig({
  root,
  base: '/',
  publicDir: `${root}/public`,
  plugins: [react()],
  build: {
    outDir: `${root}/../dist/console`,
    emptyOutDir: true,
    target: 'es2023',
    // Everything comes from the box itself: its policy forbids inline scripts and data for scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
});
