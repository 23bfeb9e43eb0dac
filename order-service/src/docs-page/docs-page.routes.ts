import { Router } from 'express';
import { makePage, type Page } from './page.ts';

/** `GET /docs`: a page for people over the documents of both services. */
export function docsPageRoutes(): Router {
  const routes = Router({ caseSensitive: true, strict: true });
  // Made when it is first asked for: most processes never are. One that could not be made is made again.
  let making: Promise<Page> | undefined;
  routes.get('/docs', async (req, res) => {
    making ??= makePage().catch((error) => {
      making = undefined;
      throw error;
    });
    const page = await making;
    const compressed = req.acceptsEncodings('gzip') === 'gzip';
    res.set({
      'Content-Security-Policy': page.policy,
      'Cache-Control': 'no-cache', // kept, but asked for: after an upgrade it is another page
      ETag: page.etag,
      'Referrer-Policy': 'no-referrer',
      Vary: 'Accept-Encoding',
      'X-Content-Type-Options': 'nosniff',
      ...(compressed && { 'Content-Encoding': 'gzip' }),
    });
    res.type('html').send(compressed ? page.gzipped : page.html);
  });
  return routes;
}
