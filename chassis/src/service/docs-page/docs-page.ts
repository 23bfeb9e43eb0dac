import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import getAbsoluteFSPath from 'swagger-ui-dist/absolute-path.js';
import { SYSTEM } from '../../contract/descriptions.ts';
import { html, makePage, type Page } from './html.ts';

/** The page with its compressed form: uncompressed it has two megabytes. */
export interface CompressedPage extends Page {
  gzipped: Buffer;
}

const style = `
.swagger-ui details > summary { cursor: pointer; padding: .5rem 0; font-size: 14px }
.swagger-ui .refusals { padding: 0 20px 10px }
.swagger-ui .refusals .opblock-section-header { display: none }
.swagger-ui .refusals .responses-inner { padding: 0 }`;

// Swagger UI is dark by a class of the document. A key of its own for each visit: the one in the document is an example, and everybody would use it. Execute twice, and
// it is a repeat. With a validatorUrl, Swagger UI would send the document to a validator on the Internet. Every call can be
// refused in a dozen ways: open, each with its example, they would make a page of ten screens of every call.
const script = (paths: readonly string[]) => `
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
const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();
const paths = ${JSON.stringify(paths)};
const wanted = new URLSearchParams(location.search).get('of');
const of = paths.includes(wanted) ? wanted : paths[0];
const address = '/docs/' + of + '.json';
document.getElementById('of-' + of).setAttribute('aria-current', 'page');
document.getElementById('document').href = address;
fetch(address).then((answer) => {
  if (!answer.ok) throw new Error(address + ' was answered with ' + answer.status);
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

/** The interactive page over the documents of all services: Swagger UI, in one answer that needs nothing but these. */
export async function makeDocsPage(paths: readonly string[]): Promise<CompressedPage> {
  const [library, theirStyle] = await Promise.all(
    ['swagger-ui-bundle.js', 'swagger-ui.css'].map((name) => readFile(join(getAbsoluteFSPath(), name), 'utf8')),
  );
  const page = makePage({
    title: `${SYSTEM}: the API`,
    header: html`<nav>${paths.map((path) => html`<a id="of-${path}" href="?of=${path}">${capitalized(path)}</a>`)}<a id="document" href="/docs/${paths[0] ?? ''}.json">OpenAPI document</a><a href="/docs/problems">Problems</a></nav>
<p>Enter an API key under “Authorize”; this browser keeps it, for all documents, until you log out there. After <code>npm
start</code>, <code>npm run --silent local -- env</code> prints the keys; with Docker Compose they are in <code>.env.example</code>,
or in <code>.env</code> where that names others; elsewhere the operator of the system issues them.</p>
<p>The <code>Idempotency-Key</code> is new with each visit: a call that is executed twice gets its first answer again. Enter
another key for another order.</p>`,
    body: html`<div id="page"></div>`,
    styles: [theirStyle ?? '', style],
    scripts: [asInlineScript(library ?? ''), script(paths)],
  });
  return { ...page, gzipped: await promisify(gzip)(page.html, { level: 9 }) };
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** What HTML would take for the end of a script, or the begin of a comment, spelled so that only JavaScript reads it. */
function asInlineScript(code: string): string {
  return code.replaceAll('<!--', '\\x3c!--').replace(/<(?=\/?script)/gi, '\\x3c');
}
