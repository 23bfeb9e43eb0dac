/** Reads the rules and dashboards for their tests and the trial run. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { dashboards } from './grafana/dashboards.ts';

export interface Alert {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string; dashboard: string };
}

interface Recording {
  record: string;
  expr: string;
}

interface RuleFile {
  groups: { name: string; rules: (Alert | Recording)[] }[];
}

/** All recording and alerting rules of a folder. */
export function readRules(folder: string): { alerts: Alert[]; recordings: Recording[] } {
  const files = globSync('prometheus/rules/*.yml', { cwd: folder }).sort();
  const rules = files.flatMap((file) => {
    const { groups } = parse(readFileSync(join(folder, file), 'utf8')) as RuleFile;
    return groups.flatMap((group) => group.rules);
  });
  return {
    alerts: rules.filter((rule) => 'alert' in rule),
    recordings: rules.filter((rule) => 'record' in rule),
  };
}

/** Every expression in rules and dashboards, and where it is used. */
export function allExpressions(folder: string): { of: string; expr: string }[] {
  const { alerts, recordings } = readRules(folder);
  const panels = Object.values(dashboards).flatMap(({ title, panels }) =>
    panels.flatMap((panel) => panel.queries.map(([, expr]) => ({ of: `${title}: ${panel.title}`, expr }))),
  );
  return [
    ...recordings.map(({ record, expr }) => ({ of: record, expr })),
    ...alerts.map(({ alert, expr }) => ({ of: alert, expr })),
    ...panels,
  ];
}

const notNames = new Set([
  ...['and', 'or', 'unless', 'by', 'without', 'on', 'ignoring', 'bool', 'offset', 'le'],
  ...['absent', 'histogram_quantile', 'increase', 'max', 'max_over_time', 'min', 'min_over_time', 'rate', 'sum'],
  ...['time', 'vector'],
]);

/** The names of the metrics in an expression. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/\{[^}]*\}/g, '') // labels
    .replace(/\[[^\]]*\]/g, '') // ranges
    .replace(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, '');
  const names = bare.match(/[a-zA-Z_:][a-zA-Z0-9_:]*/g) ?? [];
  return [...new Set(names.filter((name) => !notNames.has(name) && !/^e\d*$/.test(name)))];
}
