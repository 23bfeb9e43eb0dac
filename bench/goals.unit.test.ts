import { judge } from './goals.ts';
import type { Measurement } from './measure.ts';
import type { ScenarioResult } from './run.ts';
import { onFullTables, scenarios } from './scenarios.ts';

function measured(rate: number, more: Partial<Measurement> = {}): Measurement {
  const times = { p50: 1, p99: 1, cpuMs: 1, brokerCpuMs: 0, idleAfterMs: 0, memoryMb: 100 };
  return { rate, requests: 1, failures: {}, slices: 10, dropped: 0, isClean: true, ...times, ...more };
}

function resultOf(name: string, ...rounds: ScenarioResult['rounds']): ScenarioResult {
  const scenario = scenarios.find((one) => one.name === name);
  if (!scenario) throw new Error(`no scenario ${name}`);
  return { scenario, rounds };
}

function verdictOn(title: RegExp, result: ScenarioResult) {
  return judge([result]).find((verdict) => title.test(verdict.title));
}

describe('judge', () => {
  it.each([
    [4.99, 'must'],
    [5, 'goal'],
    [3.9, 'neither'],
  ])('finds that %d times naive’s rate meets the %s', (factor, meets) => {
    const result = resultOf('uniform-64', { ours: measured(factor * 100), naive: measured(100) });
    expect(verdictOn(/64 clients/, result)).toMatchObject({ meets, isClean: true });
  });

  it('uses only clean rounds, or all rounds if none is clean', () => {
    const clean = { ours: measured(500), naive: measured(100) };
    const disturbed = { ours: measured(100), naive: measured(100, { isClean: false }) };
    expect(verdictOn(/64 clients/, resultOf('uniform-64', clean, disturbed))?.value?.median).toBe(5);
    const doubtful = verdictOn(/64 clients/, resultOf('uniform-64', disturbed));
    expect(doubtful).toMatchObject({ meets: 'neither', isClean: false });
  });

  it('treats lower values as better where they are', () => {
    const errors = (failures: Record<string, number>) =>
      verdictOn(/errors/, resultOf('ten', { ours: measured(1, { failures }) }))?.meets;
    expect([errors({}), errors({ '202': 1 })]).toEqual(['goal', 'neither']);
  });

  it('has a verdict on every goal when all was measured', () => {
    const all = [...scenarios, ...scenarios.flatMap((scenario) => onFullTables(scenario) ?? [])];
    const results = all.map((scenario) => {
      const round = scenario.entries.map(({ label }, n) => [label, measured(100 - n)] as const);
      return { scenario, rounds: [Object.fromEntries(round)] };
    });
    expect(judge(results).filter(({ meets }) => meets === undefined)).toEqual([]);
  });

  it('compares draining with placing, and full tables with empty ones', () => {
    const drain = { 'ours, draining': measured(300), 'ours, placing': measured(200) };
    expect(verdictOn(/draining/, resultOf('drain', drain))).toMatchObject({ value: { median: 1.5 }, meets: 'goal' });
    const scenario = onFullTables(resultOf('uniform-64').scenario) as ScenarioResult['scenario'];
    const full = { scenario, rounds: [{ ours: measured(100), 'ours, full tables': measured(90) }] };
    expect(verdictOn(/full tables/, full)).toMatchObject({ value: { median: 0.9 }, meets: 'must' });
  });

  it('has no verdict on what was not measured', () => {
    expect(judge([]).every(({ meets, value }) => meets === undefined && value === undefined)).toBe(true);
  });
});
