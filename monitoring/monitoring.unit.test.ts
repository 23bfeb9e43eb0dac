/** The parts of the monitoring have to agree with each other. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withAccountMetrics } from '@shop/account-service/metrics.ts';
import { followDelay } from '@shop/account-service/order-history/history-metrics.ts';
import { createMetrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { withInventoryMetrics } from '@shop/inventory-service/metrics.ts';
import { withNotificationMetrics } from '@shop/notification-service/metrics.ts';
import { withOrderMetrics } from '@shop/order-service/metrics.ts';
import { parse } from 'yaml';
import { dashboards } from './grafana/dashboards.ts';
import { toGrafana } from './grafana/panel.ts';
import { otherMetrics } from './other-metrics.ts';
import { allExpressions, metricsIn, readRules } from './rules.ts';
import { shortenRules } from './trial/shorten.ts';

const read = (path: string) => readFileSync(join(__dirname, path), 'utf8');
const { alerts, recordings } = readRules(__dirname);
const names = alerts.map(({ alert }) => alert);

describe('every alert', () => {
  it('has a name of its own', () => {
    expect(names.length).toBeGreaterThan(15);
    expect(new Set(names).size).toBe(names.length);
  });

  it('has a test in which it fires, and one in which it does not', () => {
    interface RuleTest {
      promql_expr_test: { expr: string; exp_samples: unknown[] }[];
    }
    const files = readdirSync(join(__dirname, 'prometheus/tests'));
    const checks = files.flatMap((file) =>
      (parse(read(`prometheus/tests/${file}`)).tests as RuleTest[]).flatMap((one) => one.promql_expr_test),
    );
    const about = (name: string, fires: boolean) =>
      checks.some(
        ({ expr, exp_samples }) =>
          expr === `ALERTS{alertname="${name}",alertstate="firing"}` && exp_samples.length > 0 === fires,
      );
    expect(names.filter((name) => !about(name, true))).toEqual([]);
    expect(names.filter((name) => !about(name, false))).toEqual([]);
  });

  it('has a runbook, and every runbook an alert', () => {
    const runbooks = readdirSync(join(__dirname, 'runbooks')).filter((file) => file !== 'README.md');
    expect(runbooks.sort()).toEqual(names.map((name) => `${name}.md`).sort());
    const elsewhere = alerts.filter(
      ({ alert, annotations }) => annotations.runbook_url !== `{{ $externalURL }}/user/${alert}.md`,
    );
    expect(elsewhere).toEqual([]);
  });

  it('links to an existing panel', () => {
    const broken = alerts.filter(({ annotations }) => {
      const [, uid = '', id] = /\/d\/(\w+)\?viewPanel=(\d+)$/.exec(annotations.dashboard) ?? [];
      return !dashboards[uid]?.panels.some((panel) => panel.id === Number(id));
    });
    expect(broken).toEqual([]);
  });

  it('links to a panel that shows its metric', () => {
    const strangers = alerts.filter(({ expr, annotations }) => {
      const [, uid = '', id] = /\/d\/(\w+)\?viewPanel=(\d+)$/.exec(annotations.dashboard) ?? [];
      const panel = dashboards[uid]?.panels.find((one) => one.id === Number(id));
      const shown = panel?.queries.flatMap(([, query]) => metricsIn(query)) ?? [];
      const family = (name: string) => name.replace(/(increase|ratio_rate)\w+$/, '');
      return !metricsIn(expr).some((name) => shown.map(family).includes(family(name)));
    });
    expect(strangers.map(({ alert }) => alert)).toEqual([]);
  });
});

describe('every runbook', () => {
  const headings = ['## Meaning', '## Impact', '## Diagnosis', '## Mitigation', '## What not to do'];

  it.each(names)('%s has all its parts, in order, with a command to run', (name) => {
    const text = read(`runbooks/${name}.md`);
    expect(text.split('\n')[0]).toBe(`# ${name}`);
    expect(text.match(/^## .*$/gm)).toEqual(headings);
    expect(text).toMatch(/```sh\n[^`]+```/);
  });

  it('is listed under a symptom', () => {
    const index = read('runbooks/README.md');
    expect(names.filter((name) => !index.includes(`(${name}.md)`))).toEqual([]);
    const linked = [...index.matchAll(/\((\w+)\.md\)/g)].map(([, name]) => name);
    expect(linked.filter((name) => !names.includes(name ?? ''))).toEqual([]);
  });
});

describe('metricsIn', () => {
  it('finds the metrics of an expression, and nothing else', () => {
    const expr =
      'sum by (job, le) (rate(a_total{b="c",d=~"e.*"}[5m])) / on (x) b:c:rate5m > 20 * 1e6 or absent(f{g="h"})';
    expect(metricsIn(expr)).toEqual(['a_total', 'b:c:rate5m', 'f']);
  });
});

describe('every expression', () => {
  it('uses only metrics that are exported', async () => {
    const common = createMetrics('test', '0');
    const ours = withAccountMetrics(withNotificationMetrics(withInventoryMetrics(withOrderMetrics(common)))).registry;
    followDelay({ registry: ours }, () => new Date());
    const delivered = new Set([
      ...recordings.map(({ record }) => record),
      ...Object.values(otherMetrics).flat(),
      ...(await ours.getMetricsAsJSON()).flatMap(({ name, type }) =>
        String(type) === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name],
      ),
    ]);
    const used = allExpressions(__dirname).flatMap(({ of, expr }) => metricsIn(expr).map((name) => ({ of, name })));
    expect(used.length).toBeGreaterThan(100);
    expect(used.filter(({ name }) => !delivered.has(name))).toEqual([]);
    const unused = Object.values(otherMetrics)
      .flat()
      .filter((name) => !used.some((one) => one.name === name));
    expect(unused).toEqual([]);
  });
});

describe.each(Object.entries(dashboards))('the dashboard %s', (name, dashboard) => {
  it('matches its generated file', () => {
    expect(read(`grafana/dashboards/${name}.json`)).toBe(toGrafana(dashboard)); // npm run dashboards
    expect(dashboard.uid).toBe(name);
  });

  it('describes each panel, and gives it a unique id', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(dashboard.panels.filter(({ description }) => description.length < 20)).toEqual([]);
  });
});

describe('shortenRules', () => {
  it('shortens every time in the rules', () => {
    const files = readdirSync(join(__dirname, 'prometheus/rules'));
    const shortened = files.map((file) => shortenRules(read(`prometheus/rules/${file}`))).join('');
    expect(shortened).not.toMatch(/for: \d+m|\[\d+[mhd]\]/);
    expect(shortened).toContain('database_answered_timestamp_seconds) > 8');
  });
});

describe('alertmanager.yml', () => {
  interface Inhibition {
    source_matchers: string[];
    target_matchers: string[];
  }
  const { inhibit_rules } = parse(read('alertmanager/alertmanager.yml')) as { inhibit_rules: Inhibition[] };
  const named = ([matcher = '']: string[]) => {
    const [, pattern = ''] = /^alertname=~?"(.*)"$/.exec(matcher) ?? [];
    return alerts.filter(({ alert }) => new RegExp(`^(${pattern})$`).test(alert));
  };
  const seconds = (text = '0s') => Number.parseInt(text, 10) * (text.endsWith('m') ? 60 : 1);

  it('inhibits existing alerts for existing causes', () => {
    const alternatives = inhibit_rules.flatMap(({ source_matchers, target_matchers }) =>
      [source_matchers, target_matchers].flatMap(([matcher = '']) =>
        (/"(.*)"/.exec(matcher)?.[1] ?? '').replace('(Errors|Latency)', '.*').split('|'),
      ),
    );
    expect(alternatives.length).toBeGreaterThan(10);
    expect(alternatives.filter((one) => !names.some((name) => new RegExp(`^${one}$`).test(name)))).toEqual([]);
  });

  it('fires for the cause before its consequence is due', () => {
    const late = inhibit_rules.flatMap(({ source_matchers, target_matchers }) =>
      named(source_matchers).flatMap((cause) =>
        named(target_matchers)
          .filter((one) => seconds(one.for) <= seconds(cause.for))
          .map((one) => `${cause.alert} ${one.alert}`),
      ),
    );
    expect(late).toEqual([]);
  });
});
