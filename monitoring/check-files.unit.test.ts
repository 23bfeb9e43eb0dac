import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { askTool, checkFiles, hasTool, tools } from './check-files.ts';

const copy = mkdtempSync(join(tmpdir(), 'monitoring-'));
beforeAll(() => {
  for (const name of ['prometheus', 'alertmanager', 'grafana', 'blackbox']) {
    cpSync(join(__dirname, name), join(copy, name), { recursive: true });
  }
});
atEnd(() => rmSync(copy, { recursive: true }));

/** What `look` finds in a copy with one change, and the line of the change. */
function changed<T>(file: string, from: string, to: string, look: () => T): { line: number; found: T } {
  const path = join(copy, file);
  const before = readFileSync(path, 'utf8');
  expect(before).toContain(from);
  writeFileSync(path, before.replace(from, to));
  try {
    return { line: before.slice(0, before.indexOf(from)).split('\n').length, found: look() };
  } finally {
    writeFileSync(path, before);
  }
}

const faults: [what: string, file: string, from: string, to: string][] = [
  ['a list that is not closed', 'prometheus/prometheus.yml', '[rules/*.yml]', '[rules/*.yml'],
  ['an unknown member', 'prometheus/prometheus.yml', 'scrape_timeout', 'scrape_timeoutt'],
  ['an invalid duration', 'prometheus/rules/alerts.yml', 'for: 30s', 'for: 30 seconds'],
  ['an unknown severity', 'prometheus/rules/alerts.yml', 'severity: critical', 'severity: fatal'],
  ['a summary without the value', 'prometheus/rules/alerts.yml', '(up: {{ $value }})', ''],
  ['a record without its level', 'prometheus/rules/recording.yml', 'slo:order_errors:ratio', 'order_errors_ratio'],
  ['an invalid matcher', 'alertmanager/alertmanager.yml', 'severity="critical"', 'severity: critical'],
  ['a dashboard without its panels', 'grafana/dashboards/kong.json', '"panels"', '"panel"'],
];

describe('checkFiles', () => {
  it('finds nothing in our files', () => {
    expect(checkFiles(__dirname)).toEqual([]);
  });

  it.each(faults)('names file and line: %s', (what, file, from, to) => {
    const { line, found } = changed(file, from, to, () => checkFiles(copy));
    // An unclosed list and a missing member are reported at another line.
    const where = ['not closed', 'without its panels'].some((one) => what.includes(one)) ? '\\d+' : line;
    expect(found).toContainEqual(expect.stringMatching(new RegExp(`^${file}:${where}: `)));
  });
});

describe.each(tools)('$name', (tool) => {
  describeNeeding(tool.name, hasTool(tool.name), 'as a second opinion', () => {
    it('finds nothing in our files', () => {
      expect(askTool(tool, __dirname)).toBeUndefined();
    });
  });
});

describeNeeding('promtool', hasTool('promtool'), 'promtool', () => {
  it('names the file and the rule of an expression that does not parse', () => {
    const { found } = changed('prometheus/rules/alerts.yml', '== 0', '== ', () => askTool(tools[0], copy));
    expect(found).toMatch(/rules\/alerts\.yml: \d+:\d+: group "parts", rule 1, "ServiceDown": could not parse/);
  });
});

describeNeeding('amtool', hasTool('amtool'), 'amtool', () => {
  it('finds a receiver that is not there', () => {
    const change = ['receiver: critical', 'receiver: not-there'] as const;
    const { found } = changed('alertmanager/alertmanager.yml', ...change, () => askTool(tools[1], copy));
    expect(found).toContain('not-there');
  });
});
