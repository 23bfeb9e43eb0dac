import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig, type ViteDevServer } from 'vite';

/** `npm run web` sets it: the gateway of the running system. */
const gateway = process.env.GATEWAY_URL;

/** The gateway leads to `/console`; Vite knows its base with a slash only. */
function serveWithoutSlash({ middlewares }: ViteDevServer): void {
  middlewares.use((request, _response, next) => {
    if (request.url === '/console') request.url = '/console/';
    next();
  });
}

export default defineConfig({
  root: join(import.meta.dirname, 'console'),
  base: '/console/',
  plugins: [react(), { name: 'console-without-slash', configureServer: serveWithoutSlash }],
  build: {
    target: 'es2023',
    // Nothing is inlined into scripts, so that the Content-Security-Policy stays as it is.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  server: {
    host: '127.0.0.1',
    strictPort: true,
    port: 5173,
    // Cookies belong to the origin of the page, so calls go through this server.
    proxy: gateway === undefined ? {} : { '^/(?!console)': { target: gateway } },
  },
});
