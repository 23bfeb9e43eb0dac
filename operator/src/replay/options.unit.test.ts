import { parseOptions } from './options.ts';

const now = new Date('2026-01-05T09:30:00Z');

describe('the options of replay', () => {
  it('have defaults, and a different run name each time', () => {
    const options = parseOptions(['orders.csv'], now);
    expect(options).toMatchObject({ file: 'orders.csv', concurrency: 16, duplicates: false, stock: 1_000_000n });
    expect(options).toHaveProperty('run', expect.stringMatching(/^r[a-z0-9]{8}$/));
    expect(parseOptions(['orders.csv'], new Date(now.getTime() + 1))).not.toEqual(options);
  });

  it('are all parsed', () => {
    const args = 'o.csv.gz --concurrency 4 --rate 2.5 --duplicates --stock 0.8 --limit 10 --run a_b-1 --json'.split(
      ' ',
    );
    expect(parseOptions(args, now)).toEqual({
      file: 'o.csv.gz',
      concurrency: 4,
      rate: 2.5,
      duplicates: true,
      stock: 800_000n,
      limit: 10,
      run: 'a_b-1',
      json: true,
    });
    expect(parseOptions(['--help'], now)).toBe('help');
  });

  it.each([
    [[], 'needs a file'],
    [['a', 'b'], 'one file'],
    [['a', '--concurrency', '0'], '--concurrency'],
    [['a', '--rate', '0'], '--rate'],
    [['a', '--stock', 'all'], '--stock'],
    [['a', '--limit', '1.5'], '--limit'],
    [['a', '--run', 'a.b'], '--run'],
    [['a', '--run', ''], '--run'],
    [['a', '--colour'], '--colour'],
  ])('refuse %j', (args, message) => {
    expect(() => parseOptions(args, now)).toThrow(message);
  });
});
