import { UsageError } from '@shop/chassis/base/fault.ts';
import { parseOptions } from './options.ts';

const id = '0195f0a0-0000-7000-8000-000000000001';

describe('the options of order', () => {
  it.each([
    [['ORD-1024'], { number: 'ORD-1024', json: false }],
    [['ord-7', '--json'], { number: 'ORD-7', json: true }],
    [['1024'], { number: 'ORD-1024', json: false }],
    [[id.toUpperCase()], { id, json: false }],
  ])('reads %j', (args, expected) => {
    expect(parseOptions(args)).toEqual(expected);
  });

  it.each([['--help'], ['-h'], ['ORD-1', '--help']])('knows %s', (...args) => {
    expect(parseOptions(args)).toBe('help');
  });

  it.each([
    [[], 'needs the number'],
    [['ORD-1', 'ORD-2'], 'not also "ORD-2"'],
    [['ORD-0'], '"ORD-0" is neither'],
    [['ORD-1&clientId=x'], 'is neither'],
    [['--colour', 'ORD-1'], "Unknown option '--colour'"],
  ])('refuses %j in one line', (args, message) => {
    const refused = () => parseOptions(args);
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(message);
  });
});
