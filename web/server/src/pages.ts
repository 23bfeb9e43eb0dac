import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sirv from 'sirv';

/** Where the console is, at the gateway and here. */
const CONSOLE = '/console';

/**
 * Sent with every response. Scripts, styles and calls are of this origin only, nothing is inline, and no page may frame these.
 * `data:` images are small ones that the build puts into the styles.
 */
const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

interface PagesSettings {
  bundle: string;
  host: string;
  port: number;
}

interface Pages {
  port: number;
  /** From now on it is not ready, and serves as before. */
  drain(): void;
  close(): Promise<void>;
}

/** Serves the files of a bundle. Throws if there is none. */
export async function startPages({ bundle, host, port }: PagesSettings): Promise<Pages> {
  // Otherwise the first browser would notice.
  readFileSync(join(bundle, 'index.html'));
  let isReady = true;
  const files = sirv(bundle, {
    etag: true,
    gzip: true,
    brotli: true,
    // A path that is no file gets the page, whose router shows what belongs to it. A missing asset stays a 404, because a script that
    // is HTML would only fail later.
    single: true,
    ignores: [/^\/assets\//],
    setHeaders: (res, path) => res.setHeader('Cache-Control', cacheControlOf(path)),
  });
  const server = createServer((req, res) => {
    for (const [name, value] of Object.entries(securityHeaders)) res.setHeader(name, value);
    const [path = ''] = (req.url ?? '').split('?');
    if (path === '/health/ready') return end(res, isReady ? 200 : 503, isReady ? 'ready' : 'draining');
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', 'GET, HEAD');
      return end(res, 405, 'Method not allowed');
    }
    if (path === '/') {
      res.setHeader('Location', CONSOLE);
      return end(res, 302, `See ${CONSOLE}`);
    }
    if (path !== CONSOLE && !path.startsWith(`${CONSOLE}/`)) return end(res, 404, 'Not found');
    files(belowConsole(req, path), res, () => end(res, 404, 'Not found'));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    drain: () => {
      isReady = false;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

/** Names of assets contain the hash of their content; everything else is revalidated, and usually answered with 304. */
function cacheControlOf(path: string): string {
  return path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
}

/** The files of the bundle are named without the prefix; the query has no meaning for them. */
function belowConsole(req: IncomingMessage, path: string): IncomingMessage {
  req.url = path.slice(CONSOLE.length) || '/';
  return req;
}

function end(res: ServerResponse, status: number, text: string): void {
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.setHeader('Cache-Control', 'no-store');
  res.writeHead(status).end(`${text}\n`);
}
