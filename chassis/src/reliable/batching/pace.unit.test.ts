import { Pace } from './pace.ts';

it('computes the expected wait from the throughput during a backlog', () => {
  const pace = new Pace();
  pace.started(64, 10, 0); // a batch from before the backlog does not count
  pace.started(50, 10, 200);
  expect(pace.expectedWaitMs(100)).toBe(400);
});

it('knows no throughput at the beginning of a backlog', () => {
  const pace = new Pace();
  pace.started(64, 10, 0);
  pace.started(64, 10, 99);
  expect(pace.expectedWaitMs(1_000)).toBe(0);
});

it('resets when the queue is empty', () => {
  const pace = new Pace();
  pace.started(64, 10, 0);
  pace.started(50, 10, 200);
  pace.started(10, 0, 300);
  expect(pace.expectedWaitMs(100)).toBe(0);
});

it('follows a change within a few seconds', () => {
  const pace = new Pace();
  pace.started(64, 10, 0);
  for (let now = 100; now <= 10_000; now += 100) pace.started(100, 10, now);
  expect(pace.expectedWaitMs(1)).toBeCloseTo(1, 1);
  for (let now = 10_100; now <= 14_000; now += 100) pace.started(10, 10, now);
  expect(pace.expectedWaitMs(1)).toBeGreaterThan(8);
});
