import { UsageError } from '@shop/chassis/base/fault.ts';
import { parseOptions } from './options.ts';

describe('parseOptions', () => {
  it('uses all kinds of faults for a minute with a new seed by default', () => {
    expect(parseOptions([], 5)).toEqual({ seconds: 60, seed: 5, recoverWithin: 60, json: false, keep: false });
  });

  it('reads every option', () => {
    const args = [
      '--seconds=300',
      '--seed=9',
      '--faults=kill,broker,kill',
      '--recover-within=20',
      '--schedule=a.json',
      '--json',
      '--keep',
    ];
    expect(parseOptions(args, 5)).toEqual({
      seconds: 300,
      seed: 9,
      faults: ['kill', 'broker'],
      recoverWithin: 20,
      schedule: 'a.json',
      json: true,
      keep: true,
    });
    expect(parseOptions(['--drain', '10000'], 5)).toMatchObject({ drain: 10_000, seed: 5 });
    expect(parseOptions(['--help'], 5)).toBe('help');
  });

  it.each([
    ['a short run', ['--seconds', '4'], '--seconds takes a whole number from 5 to 3600, not "4"'],
    ['a seed that is not a number', ['--seed', 'x'], '--seed takes a whole number'],
    ['an unknown fault', ['--faults', 'kill,flood'], 'not "flood"'],
    ['no fault at all', ['--faults', ''], 'not ""'],
    ['a drain of 0 orders', ['--drain', '0'], '--drain takes a whole number from 100 to 100000, not "0"'],
    ['a drain with faults', ['--drain', '1000', '--faults', 'kill'], 'cannot be combined with --seconds or --faults'],
    ['an unknown option', ['--fast'], "Unknown option '--fast'"],
    ['an argument', ['now'], 'Unexpected argument'],
  ])('refuses %s', (_, args, message) => {
    expect(() => parseOptions(args, 1)).toThrow(UsageError);
    expect(() => parseOptions(args, 1)).toThrow(message);
  });
});
