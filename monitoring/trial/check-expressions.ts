import { setTimeout as delay } from 'node:timers/promises';
import { otherMetrics } from '../other-metrics.ts';
import { allExpressions, metricsIn, readRules } from '../rules.ts';
import { query, scrapes } from './prometheus.ts';

/** Metrics whose programs do not run here: Kong and the exporters. Listed by name, so that nothing else is exempt. */
const exempt = new Set([
  ...otherMetrics.kong,
  ...otherMetrics.postgres,
  ...otherMetrics.node,
  ...otherMetrics.blackbox,
  'up{job="kong"}',
]);

// A rate over a minute needs a few samples, and so do the objectives.
const SCRAPES_WANTED = 6;

/** Queries a real Prometheus under load with every expression of rules and dashboards; returns those that are wrong or empty. */
export async function checkExpressions(folder: string, url: string): Promise<string[]> {
  console.log(`Waiting for ${SCRAPES_WANTED} scrapes under load …`);
  while ((await scrapes(url)) < SCRAPES_WANTED) await delay(1_000);
  const { alerts } = readRules(folder);
  const alertNames = new Set(alerts.map(({ alert }) => alert));
  const asked = allExpressions(folder).flatMap(({ of, expr }) =>
    // The expression of an alert that does not fire is empty; the series that it reads must not be.
    alertNames.has(of) ? selectorsIn(expr).map((selector) => ({ of, expr: selector })) : [{ of, expr }],
  );
  // The recording rules fall back on the services' metrics where there is no Kong: they must have values.
  const isLeft = ({ of, expr }: { of: string; expr: string }) => !of.startsWith('slo:') && isExempt(expr);
  const left = asked.filter(isLeft);
  const faults: string[] = [];
  for (const { of, expr } of asked) {
    if (isLeft({ of, expr })) continue;
    const found = await query(url, expr.replaceAll('$__rate_interval', '1m')).catch((error: Error) => error.message);
    if (typeof found === 'string') faults.push(`${of}: ${found}: ${expr}`);
    else if (found.length === 0) faults.push(`${of}: no data for ${expr}`);
  }
  const runbook = await fetch(`${url}/user/${[...alertNames][0]}.md`);
  if (!runbook.ok) faults.push(`Prometheus does not serve the runbooks: ${runbook.status}`);
  console.log(
    `${asked.length} expressions; ${left.length} of them query Kong or an exporter, which do not run here: ${[...new Set(left.map(({ of }) => of))].join(', ')}`,
  );
  return faults;
}

function isExempt(expr: string): boolean {
  return expr.includes('up{job="kong"}') || metricsIn(expr).some((name) => name !== 'up' && exempt.has(name));
}

/** The series selectors in an expression. */
function selectorsIn(expr: string): string[] {
  const names = metricsIn(expr).join('|');
  return [...new Set(expr.match(new RegExp(`\\b(${names})\\b(\\{[^}]*\\})?`, 'g')) ?? [])];
}
