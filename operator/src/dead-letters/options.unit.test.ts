import { UsageError } from '@shop/chassis/base/fault.ts';
import { services } from '../../../services.ts';
import { parseOptions } from './options.ts';

const id = '0195f0a0-0000-7000-8000-000000000001';
const common = { json: false, services: services.map(({ path }) => path), key: undefined };

describe('the options of dead-letters', () => {
  it.each([
    [['list'], { command: 'list', status: 'open', limit: 20 }],
    [['list', '--status', 'all', '--limit', '100'], { command: 'list', limit: 100 }],
    [['list', '--group', 'q:t:r', '--service=inventory'], { command: 'list', group: 'q:t:r', services: ['inventory'] }],
    [['show', id, '--json'], { command: 'show', id, json: true }],
    [['replay', id, '--key', 'k-1'], { command: 'replay', id, key: 'k-1' }],
    [['replay', '--group', 'q:t:r'], { command: 'replay-group', group: 'q:t:r' }],
    [['discard', id, '--reason', 'sent by mistake'], { command: 'discard', id, reason: 'sent by mistake' }],
  ])('reads %j', (args, expected) => {
    expect(parseOptions(args)).toMatchObject({ ...common, ...expected });
  });

  it.each([['--help'], ['-h'], ['list', '--help']])('knows %s', (...args) => {
    expect(parseOptions(args)).toBe('help');
  });

  it.each([
    [[], 'takes list, show, replay or discard'],
    [['remove', id], 'not "remove"'],
    [['list', 'all'], 'list takes no "all"'],
    [['list', '--status', 'dead'], '--status takes open or replayed or discarded'],
    [['list', '--limit', '101'], '--limit takes a whole number'],
    [['list', '--service', 'kong'], '--service takes notifications or accounts or orders or inventory, not "kong"'],
    [['list', '--colour'], "Unknown option '--colour'"],
    [['show'], 'show needs the id'],
    [['show', 'x'], '"x" is not the id'],
    [['replay', id, id], 'takes one id'],
    [['replay', id, '--group', 'q:t:r'], 'not both'],
    [['discard', id], 'needs --reason'],
  ])('refuses %j in one line', (args, message) => {
    const refused = () => parseOptions(args);
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(message);
  });
});
