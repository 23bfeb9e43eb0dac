interface Shown {
  folder: string;
  path: string;
  /** The summary in its OpenAPI document. */
  summary: string;
}

/** The page at `/` for browsers: the health of all services, the first steps, and links to the documents. */
export function rootPage(services: readonly Shown[]): string {
  const lines = (toLine: (service: Shown) => string) => services.map(toLine).join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; connect-src 'self'; img-src data:; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<link rel="icon" href="data:,">
<title>Orders and stock</title>
<style>
:root { color-scheme: light dark; --surface: light-dark(#fff, #15181c); --raised: light-dark(#f5f6f7, #1e2227); --line: light-dark(#d5d9de, #3a4047); --text: light-dark(#1b1f24, #e8eaed); --quiet: light-dark(#59616b, #a3abb5); --accent: light-dark(#0b5cad, #7db8f5); --good: light-dark(#1a7036, #6cc788); --waiting: light-dark(#8a5300, #e5b25a); --bad: light-dark(#b3261e, #ff8a80) }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 32px 16px 48px; max-width: 720px; background: var(--surface); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
h1, h2 { line-height: 1.2; margin: 0 } h1 { font-size: 28px } h2 { font-size: 20px; margin: 32px 0 8px }
p { margin: 8px 0 } .quiet { color: var(--quiet); font-size: 14px }
a { color: var(--accent) }
ul, ol { list-style: none; margin: 0; padding: 0 } li { padding: 12px 0; border-top: 1px solid var(--line) } li:last-child { border-bottom: 1px solid var(--line) }
.row { display: flex; flex-wrap: wrap; gap: 0 16px; align-items: center } .row > :first-child { flex: 0 0 160px }
.good { color: var(--good) } .waiting { color: var(--waiting) } .bad { color: var(--bad) }
code, pre { font: 14px/1.5 ui-monospace, monospace } pre { margin: 8px 0; padding: 12px; background: var(--raised); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere }
</style>
<h1>Orders and stock</h1>
<p>This is the gateway of an order and inventory API. Each order takes effect once, and no unit is sold twice.</p>

<h2>Health</h2>
<ul>
<li class="row"><span>Gateway</span><span class="good">● running</span></li>
${lines(({ folder, path }) => `<li class="row"><a href="/health/${path}">${folder}</a><span id="${path}" class="quiet">checking</span></li>`)}
</ul>
<p class="quiet" id="checked">&nbsp;</p>

<h2>What to do next</h2>
<ol>
<li>Get an API key. It goes into the header <code>apikey</code>. After <code>npm start</code>, this line sets <code>$STOREFRONT_KEY</code> and the other keys in a shell:
<pre>eval "$(npm run --silent local -- env)"</pre>
With Docker Compose, the keys are those in <code>.env.example</code>, or in <code>.env</code> where that names others. Elsewhere, ask the operator of the system.</li>
<li>Try each call in the browser: <a href="/docs">API reference</a></li>
<li>Place an order. Sent again with the same <code>Idempotency-Key</code>, it gets the same answer:
<pre>curl -i <span id="origin">http://localhost:8000</span>/orders \\
  -H "apikey: $STOREFRONT_KEY" -H "Idempotency-Key: first-order" \\
  -H "Content-Type: application/json" \\
  -d '{"customerId":"ada","currency":"EUR",
       "lines":[{"sku":"MUG-BLUE","quantity":1}]}'</pre></li>
</ol>

<h2>Pages</h2>
<ul>
<li class="row"><a href="/docs">/docs</a><span>API reference, with a form for each call</span></li>
<li class="row"><a href="/docs/problems">/docs/problems</a><span>Every error, what it means, and what to do about it</span></li>
${lines(({ path, summary }) => `<li class="row"><a href="/docs/${path}.json">/docs/${path}.json</a><span>OpenAPI 3.1: ${inSentence(summary)}</span></li>`)}
</ul>
<script>
const states = { ok: ['good', '● ok'], degraded: ['waiting', '◐ degraded: the broker is down, orders still work'], down: ['bad', '✕ down: its database does not respond'] };
async function check(name) {
  const report = await fetch('/health/' + name, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(5000) }).then((answer) => answer.json()).catch(() => ({}));
  const [kind, text] = states[report.status] || ['bad', '✕ no response'];
  const place = document.getElementById(name);
  place.className = kind;
  place.textContent = text;
}
async function checkAll() {
  if (document.hidden) return;
  await Promise.all([${services.map(({ path }) => `'${path}'`).join(', ')}].map(check));
  document.getElementById('checked').textContent = 'Checked ' + new Date().toLocaleTimeString() + ', every 10 seconds';
}
document.getElementById('origin').textContent = location.origin;
document.addEventListener('visibilitychange', checkAll);
setInterval(checkAll, 10000);
checkAll();
</script>
</html>`;
}

function inSentence(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
