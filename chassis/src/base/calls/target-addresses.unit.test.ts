import { followAddresses } from './target-addresses.ts';

const PORT = 3002;

/** Each target is its address. */
function follow(urls: readonly string[], answer: () => Promise<string[]>) {
  const removed: string[] = [];
  const unresolved: string[] = [];
  const addresses = followAddresses<string>({
    urls,
    lookup: answer,
    add: (url, address) => `${address}:${url.port}`,
    remove: (target) => removed.push(target),
    onUnresolved: (hostname) => unresolved.push(hostname),
  });
  return { ...addresses, removed, unresolved };
}

describe('followAddresses', () => {
  it('has a target for each IP address at once, without a DNS query', () => {
    const { targets, stop } = follow([`http://127.0.0.1:${PORT}`, `http://[::1]:${PORT}`], () => {
      throw new Error('asked');
    });
    expect(targets()).toEqual([`127.0.0.1:${PORT}`, `::1:${PORT}`]);
    stop();
    expect(targets()).toEqual([]);
  });

  it('adds and removes targets according to DNS, and keeps them when resolution fails', async () => {
    const answers: (string[] | Error)[] = [['10.0.0.1', '10.0.0.2'], new Error('SERVFAIL'), ['10.0.0.2', '10.0.0.3']];
    const { targets, resolve, stop, removed, unresolved } = follow([`http://inventory:${PORT}`], async () => {
      const answer = answers.shift() ?? [];
      if (answer instanceof Error) throw answer;
      return answer;
    });
    await resolve();
    expect(targets()).toEqual([`10.0.0.1:${PORT}`, `10.0.0.2:${PORT}`]);
    await resolve();
    expect([targets().length, unresolved]).toEqual([2, ['inventory']]);
    await resolve();
    expect([targets(), removed]).toEqual([[`10.0.0.2:${PORT}`, `10.0.0.3:${PORT}`], [`10.0.0.1:${PORT}`]]);
    stop();
  });
});
