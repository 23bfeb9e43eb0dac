import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import getAbsoluteFSPath from 'swagger-ui-dist/absolute-path.js';

/** A page that is whole by itself, ready to be sent. */
export interface Page {
  html: Buffer;
  gzipped: Buffer;
  etag: string;
  /** Content-Security-Policy that lets exactly this page's own scripts and styles run. */
  policy: string;
}

const style = `
body { margin: 0 }
header { padding: 1rem 2rem; background: #1b1f24; color: #fff; font: 15px/1.5 system-ui, sans-serif }
header h1 { font-size: 1.3rem; margin: 0 0 .3rem }
header a { color: #9cd0ff; margin-right: 1.2rem }
header a[aria-current] { color: #fff; font-weight: 600; text-decoration: none }
header p { margin: .3rem 0 0; max-width: 60rem; color: #d4d9df }
.swagger-ui details > summary { cursor: pointer; padding: .5rem 0; font-size: 14px }
.swagger-ui .refusals { padding: 0 20px 10px }
.swagger-ui .refusals .opblock-section-header { display: none }
.swagger-ui .refusals .responses-inner { padding: 0 }`;

// A key of its own for each visit: the one in the document is an example, and everybody would use it. Execute twice, and
// it is a repeat. With a validatorUrl, Swagger UI would send the document to a validator on the Internet. Every call can be
// refused in a dozen ways: open, each with its example, they would make a page of ten screens of every call.
const script = `
const folded = ({ React: { createElement: h } }) => ({
  wrapComponents: {
    responses: (Responses) => (props) => {
      const refused = props.responses.filter((_, status) => !status.startsWith('2'));
      const others = props.responses.filter((_, status) => status.startsWith('2'));
      if (refused.size === 0) return h(Responses, props);
      return h('div', {},
        h(Responses, { ...props, responses: others }),
        h('details', { className: 'refusals' },
          h('summary', {}, 'Refusals and errors: ' + refused.keySeq().join(', ')),
          h(Responses, { ...props, responses: refused, tryItOutResponse: undefined })));
    },
    headers: (Headers) => (props) => props.headers?.size > 0
      ? h('details', {}, h('summary', {}, 'Headers: ' + props.headers.size), h(Headers, props))
      : h(Headers, props),
  },
});
const of = new URLSearchParams(location.search).get('of') === 'inventory' ? 'inventory' : 'orders';
document.getElementById(of).setAttribute('aria-current', 'page');
document.getElementById('document').href = '/docs/' + of + '.json';
fetch('/docs/' + of + '.json').then((answer) => {
  if (!answer.ok) throw new Error('/docs/' + of + '.json was answered with ' + answer.status);
  return answer.json();
}).then((spec) => {
  const key = 'docs-' + Date.now().toString(36) + '-' + Math.random().toString(36).slice(2, 10);
  spec.components.parameters.IdempotencyKey.example = key;
  SwaggerUIBundle({
    spec, dom_id: '#page', deepLinking: true, validatorUrl: null, tryItOutEnabled: true, plugins: [folded],
    persistAuthorization: true,
    docExpansion: 'list', defaultModelsExpandDepth: 0, filter: true, displayRequestDuration: true,
  });
}).catch((error) => { document.getElementById('page').textContent = String(error); });`;

/** The interactive page over both services' documents: Swagger UI, in one answer that needs nothing from elsewhere. */
export async function makePage(): Promise<Page> {
  const [library, theirStyle] = await Promise.all(
    ['swagger-ui-bundle.js', 'swagger-ui.css'].map((name) => readFile(join(getAbsoluteFSPath(), name), 'utf8')),
  );
  const scripts = [asInlineScript(library ?? ''), script];
  const styles = [theirStyle ?? '', style];
  const html = Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Orders and stock: the API</title>
<link rel="icon" href="data:,">
${styles.map((text) => `<style>${text}</style>`).join('\n')}
</head>
<body>
<header>
<h1>Orders and stock: the API</h1>
<nav><a id="orders" href="?of=orders">Orders</a><a id="inventory" href="?of=inventory">Inventory</a><a id="document" href="/docs/orders.json">OpenAPI document</a></nav>
<p>Enter an API key under “Authorize”; this browser keeps it, for both documents, until you log out there. After <code>npm
start</code>, <code>npm run --silent local -- env</code> prints the keys; with Docker Compose they are in <code>.env.example</code>,
or in <code>.env</code> where that names others; elsewhere the operator of the system issues them.</p>
<p>The <code>Idempotency-Key</code> is new with each visit: a call that is executed twice gets its first answer again. Enter
another key for another order.</p>
</header>
<div id="page"></div>
${scripts.map((text) => `<script>${text}</script>`).join('\n')}
</body>
</html>
`);
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(hashSource).join(' ')}`,
    `style-src ${styles.map(hashSource).join(' ')}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const etag = `"${createHash('sha256').update(html).digest('hex').slice(0, 32)}"`;
  return { html, gzipped: await promisify(gzip)(html, { level: 9 }), etag, policy };
}

/** What HTML would take for the end of a script, or the begin of a comment, spelled so that only JavaScript reads it. */
function asInlineScript(code: string): string {
  return code.replaceAll('<!--', '\\x3c!--').replace(/<(?=\/?script)/gi, '\\x3c');
}

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
