import { Pace } from './pace.ts';

it('tells the wait of a newcomer from what a backlog lets through', () => {
  const pace = new Pace();
  pace.started(64, 10, 0); // what began before the backlog says nothing of it
  pace.started(50, 10, 200);
  expect(pace.expectedWaitMs(100)).toBe(400);
});

it('knows nothing of a backlog that is too young', () => {
  const pace = new Pace();
  pace.started(64, 10, 0);
  pace.started(64, 10, 99);
  expect(pace.expectedWaitMs(1_000)).toBe(0);
});

it('forgets it when nobody is left waiting', () => {
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
