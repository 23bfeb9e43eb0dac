import type { PlannedFault } from './schedule.ts';
import { faultKinds, MIN_OF_A_KIND, planAlone, planFaults, planMore } from './schedule.ts';

const overlap = (a: PlannedFault, b: PlannedFault) => a.at < b.at + b.lasts && b.at < a.at + a.lasts;

describe('planFaults', () => {
  it('has the same faults for the same seed, and others for another seed', () => {
    expect(planFaults(7, 60, faultKinds)).toEqual(planFaults(7, 60, faultKinds));
    expect(planFaults(7, 60, faultKinds)).not.toEqual(planFaults(8, 60, faultKinds));
  });

  it.each([30, 60, 300])('has enough faults of each kind in %d s, all undone before the end', (seconds) => {
    const plan = planFaults(1, seconds, faultKinds);
    for (const kind of faultKinds) {
      expect(plan.filter((fault) => fault.kind === kind).length).toBeGreaterThanOrEqual(MIN_OF_A_KIND);
    }
    for (const { at, lasts } of plan) {
      expect(at).toBeGreaterThanOrEqual(2_000);
      expect(at + lasts).toBeLessThanOrEqual(seconds * 1_000 - 2_000 + 1);
    }
  });

  it('has only the kinds that were chosen', () => {
    expect(new Set(planFaults(1, 60, ['kill', 'broker']).map(({ kind }) => kind))).toEqual(new Set(['kill', 'broker']));
  });

  it('has one fault per part at a time, and concurrent faults of different parts', () => {
    const plans = [1, 2, 3, 4, 5].map((seed) => planFaults(seed, 60, faultKinds));
    const pairs = plans.flatMap((plan) =>
      plan.flatMap((one, index) => plan.slice(index + 1).map((other) => [one, other] as const)),
    );
    const together = pairs.filter(([one, other]) => overlap(one, other));
    expect(together.filter(([one, other]) => one.part === other.part)).toEqual([]);
    expect(together.length).toBeGreaterThan(0);
  });
});

describe('planAlone', () => {
  it('kills and freezes one process of each service', () => {
    const plan = planAlone(3, faultKinds);
    expect(plan.map(({ kind, part }) => `${kind} ${part.replace(/-[12]$/, '')}`)).toEqual([
      'kill order',
      'kill inventory',
      'pause order',
      'pause inventory',
    ]);
    expect(planAlone(3, faultKinds)).toEqual(plan);
  });

  it('has only the kinds that were chosen', () => {
    expect(planAlone(3, ['pause', 'broker']).map(({ kind }) => kind)).toEqual(['pause', 'pause']);
  });
});

describe('planMore', () => {
  it('has one short fault of each missing kind, one after another', () => {
    const plan = planMore(3, ['broker', 'kill']);
    expect(plan.map(({ kind }) => kind)).toEqual(['broker', 'kill']);
    expect(plan.map(({ at }) => at)).toEqual([0, 700]);
    for (const { lasts } of plan) expect(lasts).toBeLessThanOrEqual(1_500);
  });
});
