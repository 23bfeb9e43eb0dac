import { type Response, Router } from 'express';
import { refused } from '../../contract/problems.ts';
import { type CompressedPage, makeDocsPage } from './docs-page.ts';
import type { Page } from './html.ts';
import { noSuchPage, problemList, problemPage } from './problem-pages.ts';

/**
 * `GET /docs`: a page for people over the documents at `/docs/<path>.json`, of the paths that are given. `GET /docs/problems`:
 * pages about each problem.
 */
export function docsPageRoutes(paths: readonly string[]): Router {
  const routes = Router({ caseSensitive: true, strict: true });
  // Made when it is first asked for: most processes never are. One that could not be made is made again.
  let making: Promise<CompressedPage> | undefined;
  routes.get('/docs', async (req, res) => {
    making ??= makeDocsPage(paths).catch((error) => {
      making = undefined;
      throw error;
    });
    const page = await making;
    const compressed = req.acceptsEncodings('gzip') === 'gzip';
    res.set({ Vary: 'Accept-Encoding', ...(compressed && { 'Content-Encoding': 'gzip' }) });
    sendPage(res, page, compressed ? page.gzipped : page.html);
  });
  routes.get('/docs/problems', (_req, res) => sendPage(res, problemList()));
  routes.get('/docs/problems/:code', (req, res) => {
    const page = problemPage(req.params.code);
    if (page) return sendPage(res, page);
    if (req.accepts(['json', 'html']) !== 'html') throw refused('not-found', 'No problem has this code.');
    res.status(404);
    sendPage(res, noSuchPage());
  });
  return routes;
}

function sendPage(res: Response, { html, etag, policy }: Page, body = html): void {
  res.set({
    'Content-Security-Policy': policy,
    'Cache-Control': 'no-cache', // kept, but asked for: after an upgrade it is another page
    ETag: etag,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  res.type('html').send(body);
}
