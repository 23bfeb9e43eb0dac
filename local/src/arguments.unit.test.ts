import { UsageError } from '@shop/chassis/base/fault.ts';
import { ofEachService } from '../../services.ts';
import { parseNone, parsePart, parseStart, parseStatus } from './arguments.ts';

const defaults = {
  detach: false,
  fresh: false,
  monitoring: false,
  watch: false,
  inspect: false,
  port: 8000,
  processes: ofEachService(() => 1),
};

describe('parseStart', () => {
  it('has a default for each option', () => {
    expect(parseStart([])).toEqual(defaults);
  });

  it('reads every option', () => {
    const flags = ['--detach', '--fresh', '--monitoring', '--watch', '--inspect'];
    const args = [...flags, '--port', '8080', '--orders', '2', '--inventories=3'];
    const set = { detach: true, fresh: true, monitoring: true, watch: true, inspect: true };
    const processes = { ...ofEachService(() => 1), order: 2, inventory: 3 };
    expect(parseStart(args)).toEqual({ ...set, port: 8080, processes });
  });
});

it('parsePart takes the name of a part', () => {
  expect(parsePart('kill', ['order-2'])).toEqual({ part: 'order-2' });
});

it.each<[string, () => unknown, string]>([
  ['an unknown option', () => parseStart(['--colour']), "Unknown option '--colour'"],
  ['a port that is no number', () => parseStart(['--port', '80a']), '--port takes a whole number'],
  ['a port that is too high', () => parseStart(['--port', '65536']), '--port takes a whole number'],
  ['no process at all', () => parseStart(['--orders', '0']), '--orders takes a whole number'],
  ['a part after the options of start', () => parseStart(['--detach', 'order']), 'Unexpected argument'],
  ['a missing part', () => parsePart('stop', []), 'takes the name of one part'],
  ['two parts', () => parsePart('kill', ['order', 'broker']), 'takes the name of one part'],
  ['an argument where none belongs', () => parseNone(['BASE_URL']), 'Unexpected argument'],
])('refuses %s in one line', (_what, parse, message) => {
  const refusal = refusalOf(parse);
  expect(refusal).toContain(message);
  expect(refusal).not.toContain('\n');
});

it.each([
  ['start', parseStart],
  ['the control of parts', (args: string[]) => parsePart('stop', args)],
  ['status', parseStatus],
  ['commands without options', parseNone],
])('knows --help for %s', (_what, parse) => {
  expect(parse(['--help'])).toBe('help');
});

function refusalOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}
