import { inTurn, judge, leastConnections, startCounts, type Target } from './balancer.ts';

const targetsOf = (...addresses: string[]) => addresses.map((address): Target => ({ address, healthy: true }));

describe('inTurn', () => {
  it('gives a retry the next target, which is the failed one again after another request', () => {
    const start = inTurn(targetsOf('a', 'b'));
    const [mine, other] = [start(), start()];
    expect([mine.next(), other.next(), mine.next()].map((target) => target?.address)).toEqual(['a', 'b', 'a']);
  });
});

describe('leastConnections', () => {
  it('selects the target with the fewest requests in progress, of equals the least recently chosen', () => {
    const start = leastConnections(targetsOf('a', 'b'));
    const stuck = [start(), start(), start()];
    expect(stuck.map((tries) => tries.next()?.address)).toEqual(['a', 'b', 'a']);
    stuck[1]?.end();
    const next = [start(), start(), start()].map((tries) => tries.next()?.address);
    expect(next).toEqual(['b', 'b', 'a']);
  });

  it('excludes targets that failed the request, and no longer counts it there', () => {
    const start = leastConnections(targetsOf('a', 'b', 'c'));
    const tries = start();
    expect([tries.next(), tries.next(), tries.next()].map((target) => target?.address)).toEqual(['a', 'b', 'c']);
    expect(tries.next()).toBeDefined(); // all failed: again with all of them
    tries.end();
    tries.end();
    const others = ['a', 'b', 'c'].map(() => start().next()?.address);
    expect(others.sort()).toEqual(['a', 'b', 'c']);
  });

  it('knows no target when none is healthy', () => {
    const targets = targetsOf('a', 'b');
    const tries = leastConnections(targets)();
    for (const target of targets) target.healthy = false;
    expect(tries.next()).toBeUndefined();
  });
});

describe('judge', () => {
  const active = {
    ...({ type: 'http', http_path: '/health/ready', timeout: 1 } as const),
    healthy: { interval: 1, successes: 2, http_statuses: [200] },
    unhealthy: { interval: 1, http_failures: 1, tcp_failures: 2, timeouts: 0, http_statuses: [503] },
  };

  it('needs the declared number of consecutive failures of a kind', () => {
    const counts = startCounts();
    expect(judge(active, true, counts, 'tcp_failures')).toBe(true);
    expect(judge(active, true, counts, 'success')).toBe(true);
    expect(judge(active, true, counts, 'tcp_failures')).toBe(true);
    expect(judge(active, true, counts, 'tcp_failures')).toBe(false);
    expect(judge(active, true, startCounts(), 'http_failures')).toBe(false);
  });

  it('needs consecutive successes to become healthy', () => {
    const counts = startCounts();
    expect(judge(active, false, counts, 'success')).toBe(false);
    expect(judge(active, false, counts, 'tcp_failures')).toBe(false);
    expect(judge(active, false, counts, 'success')).toBe(false);
    expect(judge(active, false, counts, 'success')).toBe(true);
  });

  it('ignores rules with a count of 0, and a status in neither list', () => {
    const counts = startCounts();
    for (let i = 0; i < 5; i += 1) expect(judge(active, true, counts, 'timeouts')).toBe(true);
    expect(judge(active, true, startCounts(), 'indifferent')).toBe(true);
    expect(judge(active, false, startCounts(), 'indifferent')).toBe(false);
  });
});
