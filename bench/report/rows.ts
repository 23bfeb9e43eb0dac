import type { Measurement } from '../measure.ts';
import { type ScenarioResult, usedRounds } from '../run.ts';
import { ratioOver, type Spread, spreadOf } from '../statistics.ts';

/** An entry of a scenario over its rounds, as shown in the terminal and on the page. */
export interface Row {
  label: string;
  rate: Spread | undefined;
  p50: Spread | undefined;
  p99: Spread | undefined;
  cpuMs: Spread | undefined;
  brokerCpuMs: Spread | undefined;
  memoryMb: Spread | undefined;
  failures: Record<string, number>;
  doubled: number | undefined;
}

/** A row for each entry, from the clean rounds or, if there are none, from all rounds. */
export function rowsOf(result: ScenarioResult): Row[] {
  const rounds = usedRounds(result);
  return result.scenario.entries.map(({ label }) => {
    const measured = rounds.flatMap((round) => round[label] ?? []);
    const over = (of: (measurement: Measurement) => number) => spreadOf(measured.map(of));
    const doubled = measured.flatMap((one) => one.doubled ?? []);
    const failures: Record<string, number> = {};
    for (const [name, count] of measured.flatMap((one) => Object.entries(one.failures))) {
      failures[name] = (failures[name] ?? 0) + count;
    }
    return {
      label,
      rate: over(({ rate }) => rate),
      p50: over((one) => one.p50),
      p99: over((one) => one.p99),
      cpuMs: over(({ cpuMs }) => cpuMs),
      brokerCpuMs: over(({ brokerCpuMs }) => brokerCpuMs),
      memoryMb: over(({ memoryMb }) => memoryMb),
      failures,
      doubled: doubled.length > 0 ? doubled.reduce((sum, count) => sum + count, 0) : undefined,
    };
  });
}

/** The ratios of a scenario, computed per round. */
export function ratiosOf(result: ScenarioResult): { of: string; to: string; ratio: Spread | undefined }[] {
  return result.scenario.ratios.map(([of, to]) => ({
    of,
    to,
    ratio: ratioOver(
      usedRounds(result),
      (round) => round[of]?.rate,
      (round) => round[to]?.rate,
    ),
  }));
}

/** The number of slices, and of dropped slices. */
export function countSlices({ rounds }: ScenarioResult): { slices: number; dropped: number } {
  const all = rounds.flatMap((round) => Object.values(round));
  const sum = (of: (measurement: Measurement) => number) => all.reduce((total, one) => total + of(one), 0);
  return { slices: sum(({ slices }) => slices), dropped: sum(({ dropped }) => dropped) };
}
