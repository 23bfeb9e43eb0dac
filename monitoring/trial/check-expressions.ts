import { setTimeout as delay } from 'node:timers/promises';
import { otherMetrics } from '../other-metrics.ts';
import { allExpressions, metricsIn, readRules } from '../rules.ts';
import { query, scrapes } from './prometheus.ts';

/** What has no program here: Kong, and the exporters. By name, so that nothing else hides behind it. */
const exempt = new Set([
  ...otherMetrics.kong,
  ...otherMetrics.postgres,
  ...otherMetrics.node,
  ...otherMetrics.blackbox,
  'up{job="kong"}',
]);

// A rate over a minute wants a few samples, and the objectives' first.
const scrapesWanted = 6;

/** Asks a real Prometheus, under load, everything that rules and dashboards ask; returns what is wrong or empty. */
export async function checkExpressions(folder: string, url: string): Promise<string[]> {
  console.log(`Waiting for ${scrapesWanted} scrapes under load …`);
  while ((await scrapes(url)) < scrapesWanted) await delay(1_000);
  const { alerts } = readRules(folder);
  const alertNames = new Set(alerts.map(({ alert }) => alert));
  const asked = allExpressions(folder).flatMap(({ of, expr }) =>
    // An alert that is quiet is empty: what it is made of must not be.
    alertNames.has(of) ? selectorsIn(expr).map((selector) => ({ of, expr: selector })) : [{ of, expr }],
  );
  // What is recorded takes the services' word where there is no Kong: it has to come.
  const isLeft = ({ of, expr }: { of: string; expr: string }) => !of.startsWith('slo:') && isExempt(expr);
  const left = asked.filter(isLeft);
  const faults: string[] = [];
  for (const { of, expr } of asked) {
    if (isLeft({ of, expr })) continue;
    const found = await query(url, expr.replaceAll('$__rate_interval', '1m')).catch((error: Error) => error.message);
    if (typeof found === 'string') faults.push(`${of}: ${found}: ${expr}`);
    else if (found.length === 0) faults.push(`${of}: nothing comes of ${expr}`);
  }
  const runbook = await fetch(`${url}/user/${[...alertNames][0]}.md`);
  if (!runbook.ok) faults.push(`The runbooks are not served: ${runbook.status}`);
  console.log(
    `${asked.length} expressions; ${left.length} of them ask Kong or an exporter, which are not here: ${[...new Set(left.map(({ of }) => of))].join(', ')}`,
  );
  return faults;
}

function isExempt(expr: string): boolean {
  return expr.includes('up{job="kong"}') || metricsIn(expr).some((name) => name !== 'up' && exempt.has(name));
}

/** The series that an expression reads, without what is done with them. */
function selectorsIn(expr: string): string[] {
  const names = metricsIn(expr).join('|');
  return [...new Set(expr.match(new RegExp(`\\b(${names})\\b(\\{[^}]*\\})?`, 'g')) ?? [])];
}
