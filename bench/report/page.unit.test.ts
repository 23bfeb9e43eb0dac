import { judge } from '../goals.ts';
import type { Measurement } from '../measure.ts';
import { parseOptions } from '../options.ts';
import type { ScenarioResult } from '../run.ts';
import { onFullTables, scenarios } from '../scenarios.ts';
import { renderChart } from './chart.ts';
import { chartsOf, renderPage } from './page.ts';

function measured(rate: number, more: Partial<Measurement> = {}): Measurement {
  const times = { p50: 1.5, p99: 9, cpuMs: 1, brokerCpuMs: 0, idleAfterMs: 0, memoryMb: 100 };
  return { rate, requests: 1, failures: {}, slices: 10, dropped: 1, isClean: true, ...times, ...more };
}

const machine = { processor: 'A <fast> one', cores: 2, memoryGb: 8, system: 'Linux', node: 'v24' };
const settings = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', server_version: '17.1' };
const results: ScenarioResult[] = [...scenarios, ...scenarios.flatMap((one) => onFullTables(one) ?? [])].map(
  (scenario) => ({
    scenario,
    rounds: [1, 1.1, 0.9].map((factor) =>
      Object.fromEntries(
        scenario.entries.map(({ label }) => [
          label,
          measured(
            (label === 'naive' ? 100 : label === 'ours, full tables' ? 420 : 450) * factor,
            label === 'naive' ? { failures: { '500': 3 } } : {},
          ),
        ]),
      ),
    ),
  }),
);
const options = parseOptions([]);

function page(): string {
  if (options === 'help') throw new Error('no options');
  const servers = { ours: { 'order-db': settings } };
  const run = { results, servers, sales: 'a shop', rows: 10_000_000, profiles: undefined };
  return renderPage({ machine, run, verdicts: judge(results), options });
}

describe('the page', () => {
  it('shows which goals are met and which are not', () => {
    expect(page()).toMatch(/\| orders\/s against naive, 64 clients +\| ≥ 4 x, goal 5 x +\| 4\.50 x +\| met, goal not/);
    expect(page()).toMatch(/\| processor time per order .* \| not met/);
  });

  it('names machine, versions, durability and what was dropped', () => {
    expect(page()).toContain('A <fast> one, 2 cores, 8 GB, Linux');
    expect(page()).toContain('PostgreSQL 17.1');
    expect(page()).toContain('Full tables: with 10,000,000 orders');
    expect(page()).toContain('`fsync` on, `synchronous_commit` on, `full_page_writes` on');
    const measurements = results.reduce((sum, { scenario }) => sum + 3 * scenario.entries.length, 0);
    expect(page()).toContain(`${measurements} of ${measurements}0 slices`);
  });

  it('has each scenario with its failures and its ratios', () => {
    for (const { title } of scenarios) expect(page().toLowerCase()).toContain(`### ${title.toLowerCase()}`);
    expect(page()).toMatch(/\| naive +\| 100 \(90\.0–110\) .*500 ×9/);
    expect(page()).toContain('ours is 4.50 x naive; 3 of 3 rounds clean');
  });

  it('shows its charts', () => {
    for (const { file } of chartsOf(results)) expect(page()).toContain(`](performance/${file})`);
    expect(chartsOf(results).map(({ file }) => file)).toEqual(
      ['rates', 'contention', 'sales', 'latency', 'cpu', 'outage', 'processes', 'full'].map((name) => `${name}.svg`),
    );
  });
});

describe('a chart', () => {
  const value = (median: number) => ({ median, least: median / 2, most: median * 2 });
  const svg = renderChart({
    title: 'a & b',
    unit: 'orders/s',
    groups: [{ label: '<one>', bars: [100, 50].map((median) => ({ label: `${median}`, value: value(median) })) }],
  });

  it('draws bars in proportion, within its width', () => {
    const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(widths).toHaveLength(2);
    expect((widths[0] ?? 0) / (widths[1] ?? 1)).toBeCloseTo(2);
    const ends = [...svg.matchAll(/x2="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(Math.max(...ends)).toBeLessThan(760);
  });

  it('escapes its input', () => {
    expect(svg).toContain('a &amp; b');
    expect(svg).toContain('&lt;one>');
  });
});
