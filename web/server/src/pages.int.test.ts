import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { startPages } from './pages.ts';

const index = '<!doctype html><title>Console</title>';
const script = 'console.log(1)';

async function serve() {
  const bundle = mkdtempSync(join(tmpdir(), 'shop-bundle-'));
  atEnd(() => rmSync(bundle, { recursive: true }));
  mkdirSync(join(bundle, 'assets'));
  writeFileSync(join(bundle, 'index.html'), index);
  writeFileSync(join(bundle, 'assets/main-1.js'), script);
  writeFileSync(join(bundle, 'assets/main-1.js.gz'), gzipSync(script));
  const pages = await startPages({ bundle, host: '127.0.0.1', port: 0 });
  atEnd(() => pages.close());
  const get = (path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${pages.port}${path}`, { redirect: 'manual', ...init });
  return { pages, get };
}

describe('the server of the pages', () => {
  it('sends a browser at / to the console', async () => {
    const { get } = await serve();
    const { status, headers } = await get('/');
    expect([status, headers.get('location')]).toEqual([302, '/console']);
  });

  it.each(['/console', '/console/', '/console/orders', '/console/orders/ORD-1?a=b', '/console/stock/A%2FB'])(
    'answers %s with the page, which is revalidated',
    async (path) => {
      const { get } = await serve();
      const response = await get(path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/html/);
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(await response.text()).toBe(index);
      const again = await get(path, { headers: { 'if-none-match': response.headers.get('etag') ?? '' } });
      expect(again.status).toBe(304);
    },
  );

  it('sends assets compressed, to be kept for ever, and a missing one as 404', async () => {
    const { get } = await serve();
    const response = await get('/console/assets/main-1.js', { headers: { 'accept-encoding': 'gzip' } });
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(response.headers.get('vary')).toBe('Accept-Encoding');
    expect(await response.text()).toBe(script);
    const missing = await get('/console/assets/main-0.js');
    expect([missing.status, missing.headers.get('cache-control')]).toEqual([404, 'no-store']);
  });

  it.each(['/console', '/console/assets/main-1.js', '/', '/elsewhere', '/console/assets/no.js'])(
    'allows %s nothing inline, nothing of other origins and no frame',
    async (path) => {
      const { get } = await serve();
      const { headers } = await get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/^default-src 'none';/);
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(policy).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
    },
  );

  it.each(['/consoles', '/console/%2e%2e/package.json', '/..%2f', '/console/assets/..%2f..%2fpackage.json', '/x'])(
    'has nothing else at %s',
    async (path) => {
      const { get } = await serve();
      const response = await get(path);
      expect(await response.text()).not.toContain('"name"');
      if (!path.startsWith('/console/')) expect(response.status).toBe(404);
    },
  );

  it('is read only', async () => {
    const { get } = await serve();
    const { status, headers } = await get('/console', { method: 'POST' });
    expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('is not ready while it drains, and serves as before', async () => {
    const { pages, get } = await serve();
    expect((await get('/health/ready')).status).toBe(200);
    pages.drain();
    expect((await get('/health/ready')).status).toBe(503);
    expect((await get('/console')).status).toBe(200);
  });

  it('does not start without a bundle', async () => {
    await expect(startPages({ bundle: tmpdir(), host: '127.0.0.1', port: 0 })).rejects.toThrow('index.html');
  });
});
