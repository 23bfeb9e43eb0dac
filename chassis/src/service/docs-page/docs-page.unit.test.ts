import { createHash } from 'node:crypto';
import express from 'express';
import request from 'supertest';
import { docsPageRoutes } from './docs-page.routes.ts';

const app = express()
  .disable('etag')
  .use(docsPageRoutes(['orders', 'inventory']));
const get = (encoding = 'identity') => request(app).get('/docs').set('Accept-Encoding', encoding);

describe('GET /docs', () => {
  it('is one page that loads nothing from elsewhere', async () => {
    const { text } = await get().expect(200).expect('Content-Type', 'text/html; charset=utf-8');
    expect(text).toMatch(/<div id="page"><\/div>/);
    // Whatever a browser fetches by itself.
    const markup = text.replace(/<(script|style)>[\s\S]*?<\/\1>/g, '');
    expect(markup.match(/\b(src|srcset|data-src)=|<link(?! rel="icon" href="data:,")|@import/g)).toBeNull();
    const styles = [...text.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, style]) => style).join('');
    expect(styles.match(/url\((?!["']?data:)|@import/g)).toBeNull();
  });

  it('leads to the document of every service', async () => {
    const { text } = await get().expect(200);
    const links = [...text.matchAll(/<a id="of-(\w+)" href="\?of=(\w+)">(\w+)<\/a>/g)].map(([, ...parts]) => parts);
    expect(links).toEqual([
      ['orders', 'orders', 'Orders'],
      ['inventory', 'inventory', 'Inventory'],
    ]);
    expect(text).toContain('const paths = ["orders","inventory"];');
  });

  it('lets exactly its own scripts and styles run', async () => {
    const { text, headers } = await get().expect(200);
    const policy = String(headers['content-security-policy']);
    const inlined = [...text.matchAll(/<(script|style)>([\s\S]*?)<\/\1>/g)];
    expect(inlined.map(([, tag]) => tag)).toEqual(['style', 'style', 'style', 'script', 'script']);
    for (const [, tag, code = ''] of inlined) {
      const sources = new RegExp(`${tag}-src ([^;]+)`).exec(policy)?.[1]?.split(' ');
      expect(sources).toContain(`'sha256-${createHash('sha256').update(code).digest('base64')}'`);
    }
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  it('is compressed for whoever can read that, and not sent again to whoever has it', async () => {
    const { text, headers } = await get('gzip').expect('Content-Encoding', 'gzip').expect('Vary', 'Accept-Encoding');
    expect(Number(headers['content-length'])).toBeLessThan(600_000);
    expect((await get()).text).toBe(text); // supertest unpacks
    await get().set('If-None-Match', String(headers.etag)).expect(304, '');
    const head = await request(app).head('/docs').set('Accept-Encoding', 'identity').expect(200);
    expect(head.headers['content-length']).toBe(String(Buffer.byteLength(text)));
  });
});
