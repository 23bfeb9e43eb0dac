import type { Dashboard } from '../grafana/panel.ts';

/**
 * The dashboards as one page that needs only Prometheus, for machines without Grafana. Prometheus serves it as a console
 * template, so the page can call the Prometheus API on its own origin.
 */
export function chartsPage(dashboards: Dashboard[]): string {
  // Prometheus parses the file as a Go template, in which two braces begin an action, and legends contain them.
  const data = JSON.stringify(dashboards).replaceAll('{{', '{\\u007b').replaceAll('<', '\\u003c');
  const page = PAGE.replace('DASHBOARDS', () => data);
  if (page.includes('{{')) throw new Error('the charts page contains two braces in a row');
  return page;
}

const STYLE = `
:root { color-scheme: light dark; --surface: light-dark(#fff, #15181c); --line: light-dark(#d5d9de, #3a4047); --text: light-dark(#1b1f24, #e8eaed); --quiet: light-dark(#59616b, #a3abb5); --accent: light-dark(#0b5cad, #7db8f5); --good: light-dark(#1a7036, #6cc788); --bad: light-dark(#b3261e, #ff8a80) }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 24px 16px 48px; max-width: 1320px; background: var(--surface); color: var(--text); font: 14px/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums }
h1, h2, h3 { margin: 0; line-height: 1.2 } h1 { font-size: 28px } h2 { font-size: 20px; margin: 32px 0 4px } h3 { font-size: 14px }
a { color: var(--accent) } p { margin: 4px 0 } .quiet { color: var(--quiet) } .good { color: var(--good) } .bad { color: var(--bad) }
header { display: flex; flex-wrap: wrap; gap: 8px 24px; align-items: baseline } select { font: inherit; min-height: 32px }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 24px; margin-top: 12px }
figure { margin: 0; border-top: 1px solid var(--line); padding-top: 8px; min-width: 0 }
svg { display: block; width: 100%; height: 140px; overflow: visible; touch-action: pan-y }
svg path { fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke } svg line { stroke: var(--line); vector-effect: non-scaling-stroke }
svg .limit { stroke: var(--bad); stroke-dasharray: 4 4 }
.scale { display: flex; justify-content: space-between; font-size: 13px }
ul { list-style: none; margin: 4px 0 0; padding: 0 } li { display: flex; gap: 8px; align-items: baseline } li span:nth-child(2) { flex: 1; min-width: 0; overflow-wrap: anywhere }
i { flex: none; width: 12px; height: 3px; align-self: center }
`;

const SCRIPT = `
const dashboards = JSON.parse(document.getElementById('dashboards').textContent);
const hues = [250, 145, 60, 25, 300, 195, 100, 340];
const colour = (index) => 'oklch(' + (matchMedia('(prefers-color-scheme: dark)').matches ? '75%' : '52%') + ' 0.14 ' + hues[index % hues.length] + ')';
const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};
const drawn = (name, attributes) => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const number = (value, digits) => new Intl.NumberFormat('en', { maximumSignificantDigits: digits, notation: value >= 10000 ? 'compact' : 'standard' }).format(value);
const bytes = (value) => {
  const step = value < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(value) / 10));
  return number(value / 1024 ** step, 3) + ' ' + ['B', 'KiB', 'MiB', 'GiB', 'TiB'][step];
};
const formats = {
  short: (value) => number(value, 3), cps: (value) => number(value, 3) + ' /s', reqps: (value) => number(value, 3) + ' /s',
  s: (value) => value < 1 ? number(value * 1000, 3) + ' ms' : number(value, 3) + ' s', ms: (value) => number(value, 3) + ' ms',
  percentunit: (value) => number(value * 100, 3) + ' %', bytes, Bps: (value) => bytes(value) + '/s',
};
const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

async function ask(path, parameters) {
  const answer = await fetch('/api/v1/' + path + '?' + new URLSearchParams(parameters));
  const body = await answer.json();
  if (body.status !== 'success') throw new Error(body.error);
  return body.data;
}

async function seriesOf(panel, span) {
  const interval = Math.max(60, span.step * 2) + 's';
  const found = await Promise.all(panel.queries.map(async ([legend, expression]) => {
    const query = expression.replaceAll('$__rate_interval', interval);
    const data = await ask('query_range', { query, start: span.start, end: span.end, step: span.step });
    return data.result.map(({ metric, values }) => ({
      name: legend.replace(/[{]+(\\w+)[}]+/g, (_, label) => metric[label] || ''),
      points: values.map(([time, value]) => [time, Number(value)]).filter(([, value]) => Number.isFinite(value)),
    }));
  }));
  return found.flat().filter(({ points }) => points.length > 0);
}

function pathOf(points, span, top) {
  return points.map(([time, value], index) => {
    const gap = index === 0 || time - points[index - 1][0] > span.step * 1.5;
    const x = (time - span.start) / (span.end - span.start) * 400;
    const y = 100 - Math.min(1, value / top) * 100;
    return (gap ? 'M' : 'L') + x.toFixed(1) + ' ' + y.toFixed(1) + (gap ? 'h.1' : '');
  }).join('');
}

function draw(figure, panel, series, span) {
  const format = formats[panel.unit];
  const highest = Math.max(...series.flatMap(({ points }) => points.map(([, value]) => value)));
  const top = Math.max(highest, panel.limit && highest > panel.limit / 4 ? panel.limit : 0) || 1;
  const chart = drawn('svg', { viewBox: '0 0 400 100', preserveAspectRatio: 'none', role: 'img', 'aria-label': panel.title });
  chart.append(drawn('line', { x1: 0, x2: 400, y1: 100, y2: 100 }), drawn('line', { x1: 0, x2: 400, y1: 0, y2: 0 }));
  if (panel.limit && panel.limit <= top) {
    const y = 100 - panel.limit / top * 100;
    chart.append(drawn('line', { class: 'limit', x1: 0, x2: 400, y1: y, y2: y }));
  }
  series.forEach(({ points }, index) => chart.append(drawn('path', { d: pathOf(points, span, top), stroke: colour(index) })));
  const values = series.map(() => element('span', {}));
  const end = element('span', {});
  const show = (time) => {
    series.forEach(({ points }, index) => {
      const near = points.reduce((best, point) => Math.abs(point[0] - time) < Math.abs(best[0] - time) ? point : best);
      values[index].textContent = Math.abs(near[0] - time) <= span.step * 1.5 ? format(near[1]) : '–';
    });
    end.textContent = clock(time);
  };
  show(span.end);
  chart.onpointermove = (event) => {
    const box = chart.getBoundingClientRect();
    show(span.start + (event.clientX - box.left) / box.width * (span.end - span.start));
  };
  chart.onpointerleave = () => show(span.end);
  figure.replaceChildren(
    element('h3', { textContent: panel.title }),
    element('p', { className: 'quiet', textContent: panel.description }),
    element('div', { className: 'scale quiet' }, element('span', { textContent: format(top) })),
    chart,
    element('div', { className: 'scale quiet' }, element('span', { textContent: clock(span.start) }), end),
    element('ul', {}, ...series.map(({ name }, index) => {
      const mark = element('i', {});
      mark.style.background = colour(index);
      return element('li', {}, mark, element('span', { textContent: name }), values[index]);
    })),
  );
}

async function showAlerts() {
  const { alerts } = await ask('alerts', {});
  const firing = alerts.filter(({ state }) => state === 'firing');
  const place = document.getElementById('alerts');
  place.className = firing.length === 0 ? 'good' : 'bad';
  place.replaceChildren(...(firing.length === 0 ? ['● No alert is firing'] : firing.flatMap(({ labels, annotations }, index) => [
    index === 0 ? '✕ ' : ', ',
    element('a', { href: annotations.runbook_url || '/alerts', textContent: labels.alertname }),
  ])));
}

const sections = dashboards.map((dashboard) => {
  const figures = dashboard.panels.map(() => element('figure', { hidden: true }));
  const silent = element('p', { className: 'quiet' });
  document.querySelector('main').append(element('section', {},
    element('h2', { textContent: dashboard.title }), element('p', { className: 'quiet', textContent: dashboard.description }),
    element('div', { className: 'panels' }, ...figures), silent));
  return { dashboard, figures, silent };
});

async function showSection({ dashboard, figures, silent }, span) {
  const without = [];
  await Promise.all(dashboard.panels.map(async (panel, index) => {
    const series = await seriesOf(panel, span);
    figures[index].hidden = series.length === 0;
    if (series.length > 0) draw(figures[index], panel, series, span);
    else without.push(panel.title);
  }));
  silent.textContent = without.length === 0 ? '' : 'No data in this period: ' + without.join(', ') + '.';
}

async function showAll() {
  if (document.hidden) return;
  const length = Number(document.getElementById('length').value);
  const step = Math.max(5, Math.round(length / 200));
  const end = Math.floor(Date.now() / 1000 / step) * step;
  const span = { start: end - length, end, step };
  try {
    await Promise.all([showAlerts(), ...sections.map((section) => showSection(section, span))]);
    document.getElementById('shown').textContent = 'Updated ' + new Date().toLocaleTimeString() + ', every 15 seconds';
  } catch (error) {
    document.getElementById('shown').textContent = 'Query to Prometheus failed: ' + error.message;
  }
}
document.getElementById('length').onchange = showAll;
document.addEventListener('visibilitychange', showAll);
setInterval(showAll, 15000);
showAll();
`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Orders and stock: charts</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Charts</h1>
<span id="alerts"></span>
<label>Last <select id="length"><option value="900">15 minutes</option><option value="3600">hour</option><option value="21600">6 hours</option><option value="86400">day</option></select></label>
<a href="/alerts">Alerts and rules</a>
<span class="quiet" id="shown"></span>
</header>
<main></main>
<script type="application/json" id="dashboards">DASHBOARDS</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
