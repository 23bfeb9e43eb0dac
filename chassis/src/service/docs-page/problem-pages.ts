import { STATUS_CODES } from 'node:http';
import { SYSTEM } from '../../contract/descriptions.ts';
import {
  allProblems,
  gatewayRefusals,
  isProblemCode,
  type ProblemCode,
  type ProblemDefinition,
  problemSections,
  problems,
} from '../../contract/problems.ts';
import { EXAMPLE_TRACE_ID, gatewayExample } from '../../edge/openapi/answers.ts';
import { toProblem } from '../../edge/problem.ts';
import { type Html, html, makePage, type Page } from './html.ts';

const style = `
:root { color-scheme: light dark; --surface: light-dark(#fff, #15181c); --raised: light-dark(#f5f6f7, #1e2227); --line: light-dark(#d5d9de, #3a4047); --text: light-dark(#1b1f24, #e8eaed); --quiet: light-dark(#59616b, #a3abb5); --accent: light-dark(#0b5cad, #7db8f5) }
* { box-sizing: border-box }
body { background: var(--surface); color: var(--text); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 50rem; padding: 1.5rem 2rem 3rem }
main h1, h2, h3 { line-height: 1.25; margin: 0 }
main h1 { font-size: 1.75rem } h2 { font-size: 1.25rem; margin: 2rem 0 .5rem } h3 { font-size: 1rem; margin: 1.5rem 0 .25rem }
main p { margin: .5rem 0 } main a { color: var(--accent) } .quiet { color: var(--quiet) }
dl { margin: 1.25rem 0; border-top: 1px solid var(--line) }
dl > div, li { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .6rem 0; border-bottom: 1px solid var(--line) }
dt { flex: 0 0 11rem; color: var(--quiet) } dd { flex: 1 1 20rem; margin: 0 }
ul { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line) }
li > a { flex: 0 1 17rem } li > .status { flex: 0 0 2.5rem; color: var(--quiet) }
code, pre { font: .875rem/1.5 ui-monospace, monospace } code { padding: .1em .3em; background: var(--raised); border-radius: 4px }
pre { margin: .5rem 0; padding: .75rem 1rem; background: var(--raised); border-radius: 6px; white-space: pre-wrap } pre code { padding: 0 }
@media (max-width: 40rem) { main { padding: 1rem 1rem 3rem } li > a { flex: 1 1 60% } li > a + span { flex: 1 0 100% } }`;

const repeats: Record<ProblemDefinition['repeat'], string> = {
  'as-it-is': 'Yes, with the same `Idempotency-Key`.',
  corrected: 'Not unchanged. The key was not used, so the corrected request may use the same key.',
  'new-key': 'No. Another attempt is a new request and needs a new `Idempotency-Key`.',
};
const STORED = 'Yes. A retry with the same key gets this response again, with `Idempotent-Replayed: true`.';
const NOT_STORED = 'No. It is not stored under the key.';

/** `/docs/problems`: every code, by section. */
export function problemList(): Page {
  const sections = Object.entries(problemSections).map(
    ([section, introduction]) => html`
<h2>${section}</h2>
${introduction === undefined ? '' : html`<p>${marked(introduction)}</p>`}
<ul>${allProblems
      .filter(([, problem]) => problem.section === section)
      .map(([code, { status, title }]) => row(code, code, status, title))}
</ul>`,
  );
  const ofGateway = gatewayRefusals.map(({ status, title }) => row(`gateway#${status}`, title, status, ''));
  return page(
    'Problems',
    html`<h1>Problems</h1>
<p>Every error of a service is a problem document (RFC 9457). Its <code>type</code> is the address of one of these pages, and
its <code>code</code>, which never changes, is for clients to decide by.</p>
${sections}
<h2>Refusals of the gateway</h2>
<p>They have no <code>code</code> and share one page.</p>
<ul>${ofGateway}
</ul>`,
  );
}

/** `/docs/problems/{code}`; undefined where there is no such code. */
export function problemPage(code: string): Page | undefined {
  if (code === 'gateway') return gatewayPage();
  return isProblemCode(code) ? codePage(code, problems[code]) : undefined;
}

function codePage(code: ProblemCode, definition: ProblemDefinition): Page {
  const { status, title, meaning, action, repeat, stored, header, example } = definition;
  const { body } = toProblem({ code, ...example }, { instance: example.instance, traceId: EXAMPLE_TRACE_ID });
  return page(
    title,
    html`<h1>${title}</h1>
<dl>
${entry('Code', html`<code>${code}</code>`)}
${entry('Status', statusLine(status))}
${entry('Retry the request?', marked(repeats[repeat]))}
${entry('Final for its key?', marked(stored ? STORED : NOT_STORED))}
${header === undefined ? '' : entry('Header', html`<code>${header}</code>`)}
</dl>
<h2>What it means</h2>
<p>${marked(meaning)}</p>
<h2>What to do</h2>
<p>${marked(action)}</p>
<h2>Example</h2>
<pre><code>${JSON.stringify(JSON.parse(body), null, 2)}</code></pre>
<p><a href="/docs/problems">All problems</a></p>`,
  );
}

function gatewayPage(): Page {
  const refusals = gatewayRefusals.map(
    ({ status, meaning, action }) => html`
<h3 id="${status}">${statusLine(status)}</h3>
<p>${marked(meaning)} ${marked(action)}</p>`,
  );
  const body = gatewayExample('No API key found in request');
  return page(
    'Refusals of the gateway',
    html`<h1>Refusals of the gateway</h1>
<p>The gateway answered this request itself: the request did not reach a service, or the service did not respond. All refusals
of the gateway have the same <code>type</code> and no <code>code</code>. They differ by status.</p>
<h2>By status</h2>
${refusals}
<h2>Example</h2>
<pre><code>${JSON.stringify(body, null, 2)}</code></pre>
<p><a href="/docs/problems">All problems</a></p>`,
  );
}

/** The HTML page for an address below `/docs/problems` that does not exist. */
export function noSuchPage(): Page {
  return page(
    'Not found',
    html`<h1>Not found</h1>
<p>No problem has this code.</p>
<p><a href="/docs/problems">All problems</a></p>`,
  );
}

function page(title: string, content: Html): Page {
  return makePage({
    title: `${title}: ${SYSTEM.toLowerCase()}`,
    header: html`<nav><a href="/docs">API reference</a><a href="/docs/problems" aria-current="true">Problems</a></nav>`,
    body: html`<main>
${content}
</main>`,
    styles: [style],
  });
}

function row(address: string, name: string, status: number, title: string): Html {
  return html`
<li><span class="status">${status}</span><a href="/docs/problems/${address}">${name}</a><span>${title}</span></li>`;
}

function entry(term: string, description: string | Html): Html {
  return html`<div><dt>${term}</dt><dd>${description}</dd></div>`;
}

/** Text of the table; what is in backquotes is code. */
function marked(text: string): Html {
  const parts = text.split('`').map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));
  return html`${parts}`;
}

function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status]}`;
}
