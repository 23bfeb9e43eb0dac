/**
 * Reports faults in the monitoring configuration by file and line: syntax and structure without any tool, and with promtool
 * and amtool (Debian packages) also what only these can check, such as a faulty expression.
 */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, LineCounter, type ParsedNode, parseDocument } from 'yaml';
import { z } from 'zod';

const duration = z.string().regex(/^(\d+(ms|[smhdwy]))+$/, 'is not a duration such as 30s');
const strings = z.array(z.string().min(1));
const staticConfigs = z.array(z.strictObject({ targets: strings }));
const scrapeJob = z.strictObject({
  job_name: z.string(),
  metrics_path: z.string().startsWith('/').optional(),
  params: z.record(z.string(), strings).optional(),
  static_configs: staticConfigs.optional(),
  dns_sd_configs: z
    .array(
      z.strictObject({ names: strings, type: z.literal('A'), port: z.int().positive(), refresh_interval: duration }),
    )
    .optional(),
});
const prometheus = z.strictObject({
  global: z.strictObject({ scrape_interval: duration, scrape_timeout: duration, evaluation_interval: duration }),
  alerting: z.strictObject({ alertmanagers: z.array(z.strictObject({ static_configs: staticConfigs })) }),
  rule_files: strings,
  scrape_configs: z.array(scrapeJob),
});

const recordingRule = z.strictObject({
  record: z.string().regex(/^[a-z0-9_]+:[a-z0-9_]+:[a-z0-9_]+$/, 'is not named level:metric:operations'),
  labels: z.record(z.string(), z.string()).optional(),
  expr: z.string().min(1),
});
const alertingRule = z.strictObject({
  alert: z.string().regex(/^([A-Z][a-z0-9]+)+$/, 'is not in CamelCase'),
  expr: z.string().min(1),
  for: duration.optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning']) }),
  annotations: z.strictObject({
    summary: z.string().includes('{{ $value', { message: 'does not show the value' }),
    description: z.string().min(20),
    runbook_url: z.string(),
    dashboard: z.string(),
  }),
});
const rules = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.unknown().transform((value, ctx): unknown => {
          const schema =
            value !== null && typeof value === 'object' && 'record' in value ? recordingRule : alertingRule;
          const { error, data } = schema.safeParse(value);
          for (const issue of error?.issues ?? []) ctx.addIssue({ ...issue } as never);
          return data;
        }),
      ),
    }),
  ),
});

const matchers = z.array(z.string().regex(/^\w+(=|!=|=~|!~)"[^"]*"$/, 'is not a matcher such as severity="critical"'));
const routeMembers = {
  receiver: z.string(),
  matchers: matchers.optional(),
  group_by: strings.optional(),
  group_wait: duration.optional(),
  group_interval: duration.optional(),
  repeat_interval: duration.optional(),
};
const alertmanager = z.strictObject({
  route: z.strictObject({ ...routeMembers, routes: z.array(z.strictObject(routeMembers)) }),
  inhibit_rules: z.array(
    z.strictObject({ source_matchers: matchers, target_matchers: matchers, equal: strings.optional() }),
  ),
  receivers: z.array(z.strictObject({ name: z.string() })),
});

const blackbox = z.strictObject({ modules: z.record(z.string(), z.looseObject({ prober: z.string() })) });
const provisioning = z.looseObject({ apiVersion: z.literal(1) });
const dashboard = z.looseObject({
  uid: z.string(),
  title: z.string(),
  panels: z.array(z.looseObject({ id: z.int() })),
});

const schemas: [pattern: string, schema: z.ZodType][] = [
  ['prometheus/prometheus.yml', prometheus],
  ['prometheus/rules/*.yml', rules],
  [
    'prometheus/tests/*.yml',
    z.looseObject({ rule_files: strings, tests: z.array(z.looseObject({ name: z.string() })) }),
  ],
  ['alertmanager/alertmanager.yml', alertmanager],
  ['blackbox/blackbox.yml', blackbox],
  ['grafana/provisioning/*/*.yml', provisioning],
  ['grafana/dashboards/*.json', dashboard],
];

/** Every fault in the files under `folder`, as `file:line: what`. */
export function checkFiles(folder: string): string[] {
  return schemas.flatMap(([pattern, schema]) => {
    const files = globSync(pattern, { cwd: folder }).sort();
    if (files.length === 0) return [`${pattern}: no such file`];
    return files.flatMap((file) => checkFile(file, readFileSync(join(folder, file), 'utf8'), schema));
  });
}

function checkFile(file: string, text: string, schema: z.ZodType): string[] {
  const lines = new LineCounter();
  // JSON is valid YAML.
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number | undefined) => `${file}:${lines.linePos(offset ?? 0).line}`;
  if (document.errors.length > 0) {
    return document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message.split('\n')[0]}`);
  }
  const { error } = schema.safeParse(document.toJS());
  return (error?.issues ?? []).map((issue) => {
    const path = [...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [])];
    return `${at(offsetOf(document.contents, path))}: ${path.join('.')}: ${issue.message}`;
  });
}

/** The offset of the key or value at a path, or of the last part of the path that exists. */
function offsetOf(node: ParsedNode | null, path: PropertyKey[]): number | undefined {
  let found = node?.range[0];
  let current: unknown = node;
  for (const key of path) {
    if (isMap(current)) {
      const pair = current.items.find(({ key: one }) => String(one) === String(key));
      if (!pair) break;
      found = (pair.key as ParsedNode).range?.[0] ?? found;
      current = pair.value;
    } else {
      current = (current as { items?: unknown[] })?.items?.[Number(key)];
      found = (current as ParsedNode | undefined)?.range?.[0] ?? found;
    }
  }
  return found;
}

/** The tools that check more, with their arguments. */
export const tools = [
  { name: 'promtool', args: ['check', 'config', 'prometheus/prometheus.yml'] }, // includes its rules
  { name: 'amtool', args: ['check-config', 'alertmanager/alertmanager.yml'] },
] as const;

/** Whether the machine has a tool. */
export function hasTool(name: string): boolean {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** The output of a tool that finds faults; undefined when it finds none. */
export function askTool({ name, args }: (typeof tools)[number], folder: string): string | undefined {
  const { status, stdout, stderr } = spawnSync(name, args, { cwd: folder, encoding: 'utf8' });
  return status === 0 ? undefined : `${stdout}${stderr}`;
}
