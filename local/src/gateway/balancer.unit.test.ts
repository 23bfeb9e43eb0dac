import { judge, startCounts } from './balancer.ts';

describe('judge', () => {
  const active = {
    ...({ type: 'http', http_path: '/health/ready', timeout: 1 } as const),
    healthy: { interval: 1, successes: 2, http_statuses: [200] },
    unhealthy: { interval: 1, http_failures: 1, tcp_failures: 2, timeouts: 0, http_statuses: [503] },
  };

  it('needs as many failures of a kind in a row as the declaration says', () => {
    const counts = startCounts();
    expect(judge(active, true, counts, 'tcp_failures')).toBe(true);
    expect(judge(active, true, counts, 'success')).toBe(true);
    expect(judge(active, true, counts, 'tcp_failures')).toBe(true);
    expect(judge(active, true, counts, 'tcp_failures')).toBe(false);
    expect(judge(active, true, startCounts(), 'http_failures')).toBe(false);
  });

  it('needs successes in a row to come back', () => {
    const counts = startCounts();
    expect(judge(active, false, counts, 'success')).toBe(false);
    expect(judge(active, false, counts, 'tcp_failures')).toBe(false);
    expect(judge(active, false, counts, 'success')).toBe(false);
    expect(judge(active, false, counts, 'success')).toBe(true);
  });

  it('takes a count of 0 as switched off, and leaves the state at a status in neither list', () => {
    const counts = startCounts();
    for (let i = 0; i < 5; i += 1) expect(judge(active, true, counts, 'timeouts')).toBe(true);
    expect(judge(active, true, startCounts(), 'indifferent')).toBe(true);
    expect(judge(active, false, startCounts(), 'indifferent')).toBe(false);
  });
});
