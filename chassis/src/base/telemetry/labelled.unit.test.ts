import { Counter, Histogram, Registry } from 'prom-client';
import { collectGarbage } from '../../testing/collect-garbage.ts';
import { labelledCounter, labelledHistogram } from './labelled.ts';

const counted = { name: 'made_total', help: 'What was made.', labelNames: ['kind'] };
const timed = { name: 'taken_seconds', help: 'How long it took.', labelNames: ['route', 'method', 'status'] };
const buckets = [0.1, 0.5, 1];

function newRegistry(): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service: 'orders' });
  return registry;
}

it('shows what a counter of prom-client shows', async () => {
  const [own, theirs] = [newRegistry(), newRegistry()];
  const counter = labelledCounter({ ...counted, registers: [own] });
  const reference = new Counter({ ...counted, registers: [theirs] });
  for (const [kind, by] of [
    ['a', 1],
    ['b', 3],
    ['a', 1],
    ['a\n"quoted"', 2 ** 40],
  ] as const) {
    counter.of(kind).inc(by);
    reference.inc({ kind }, by);
  }
  counter.of('never');
  reference.inc({ kind: 'never' }, 0);
  expect(await own.metrics()).toBe(await theirs.metrics());
});

it('shows what a histogram of prom-client shows', async () => {
  const [own, theirs] = [newRegistry(), newRegistry()];
  const histogram = labelledHistogram({ ...timed, buckets, registers: [own] });
  const reference = new Histogram({ ...timed, buckets, registers: [theirs] });
  const events = [
    ['/a', 'GET', 200, 0.1],
    ['/a', 'GET', 404, 0],
    ['/a', 'PUT', 200, 0.5000001],
    ['/b', 'GET', 200, 1],
    ['/a', 'GET', 200, 7],
    ['/a', 'GET', 200, 0.3],
  ] as const;
  for (const [route, method, status, seconds] of events) {
    histogram.of(route, method, status).observe(seconds);
    reference.observe({ route, method, status }, seconds);
  }
  expect(sorted(await own.metrics())).toEqual(sorted(await theirs.metrics()));
});

/** The labels of a line in one order: where a histogram puts its bound is nobody's business. */
function sorted(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').sort().join(',')}}`));
}

it('refuses labels that it has not', () => {
  const counter = labelledCounter({ ...counted, registers: [] });
  expect(() => counter.of('a', 'b')).toThrow('made_total needs values for these labels: kind');
});

it('forgets its children when it is reset', async () => {
  const counter = labelledCounter({ ...counted, registers: [] });
  counter.of('a').inc();
  counter.reset();
  expect((await counter.get()).values).toEqual([]);
});

describe('memory of an event', () => {
  const EVENTS = 100_000;

  /** Bytes per event that are left for the garbage collector; one collection in between, and there would be less. */
  function bytesPerEvent(event: (n: number) => void): number {
    for (let n = 0; n < EVENTS; n += 1) event(n);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < EVENTS; n += 1) event(n);
    return (process.memoryUsage().heapUsed - before) / EVENTS;
  }

  const routes = ['/orders', '/orders/:id'];
  const route = (n: number) => routes[n % 2] ?? '';

  it('is nothing, with three labels', () => {
    const histogram = labelledHistogram({ ...timed, buckets, registers: [] });
    const counter = labelledCounter({ ...counted, registers: [] });
    const event = (n: number) => {
      histogram.of(route(n), 'POST', 200 + (n % 3)).observe(n / 50_000);
      counter.of(route(n)).inc();
    };
    // Until V8 has compiled it, which takes its time on a busy machine, each number is an object.
    expect(Math.min(...Array.from({ length: 10 }, () => bytesPerEvent(event)))).toBeLessThan(1);
  });

  it('is something that can be measured where labels are hashed', () => {
    const histogram = new Histogram({ ...timed, buckets, registers: [] });
    const event = (n: number) => n % 50 || histogram.observe({ route: route(n), method: 'POST', status: 200 }, 1);
    // A few thousand events, so that none of it is collected before it is counted; a round in which some was says less.
    expect(Math.max(...Array.from({ length: 10 }, () => bytesPerEvent(event)))).toBeGreaterThan(2);
  });
});
