import { UsageError } from '@shop/chassis/base/fault.ts';
import { ofEachService } from '../../services.ts';
import { parseCommand } from './arguments.ts';

const defaults = {
  detach: false,
  fresh: false,
  monitoring: false,
  watch: false,
  inspect: false,
  port: 8000,
  processes: ofEachService(() => 1),
};

describe('parseCommand', () => {
  it('starts the system when start has no part', () => {
    expect(parseCommand(['start'])).toEqual({ kind: 'start', options: defaults });
  });

  it('reads every option of start', () => {
    const flags = ['--detach', '--fresh', '--monitoring', '--watch', '--inspect'];
    const argv = ['start', ...flags, '--port', '8080', '--orders', '2', '--inventories=3'];
    const set = { detach: true, fresh: true, monitoring: true, watch: true, inspect: true };
    const options = { ...set, port: 8080, processes: { ...ofEachService(() => 1), order: 2, inventory: 3 } };
    expect(parseCommand(argv)).toEqual({ kind: 'start', options });
  });

  it.each(['start', 'stop', 'kill', 'pause', 'resume'])('takes a part for %s', (action) => {
    expect(parseCommand([action, 'order-2'])).toEqual({ kind: 'control', action, part: 'order-2' });
  });

  it.each([
    ['an unknown command', ['launch'], 'no command "launch"'],
    ['an unknown option', ['start', '--colour'], "Unknown option '--colour'"],
    ['a port that is no number', ['start', '--port', '80a'], '--port takes a whole number'],
    ['a port that is too high', ['start', '--port', '65536'], '--port takes a whole number'],
    ['no process at all', ['start', '--orders', '0'], '--orders takes a whole number'],
    ['a part after the options of start', ['start', '--detach', 'order'], 'Unexpected argument'],
    ['a missing part', ['stop'], 'takes the name of one part'],
    ['two parts', ['kill', 'order', 'broker'], 'takes the name of one part'],
    ['an argument where none belongs', ['env', 'BASE_URL'], 'Unexpected argument'],
  ])('refuses %s in one line', (_, argv, message) => {
    const refusal = refusalOf(argv);
    expect(refusal).toContain(message);
    expect(refusal).not.toContain('\n');
  });

  it.each([['start'], ['stop'], ['status'], ['env'], ['down'], ['seed'], ['test']])('knows --help for %s', (name) => {
    expect(parseCommand([name, '--help'])).toMatchObject({ kind: 'help' });
  });

  it('splits tiers from what belongs to jest', () => {
    const command = parseCommand(['test', 'unit', 'int', 'order-service', '-t', 'last unit']);
    expect(command).toEqual({ kind: 'test', tiers: ['unit', 'int'], jestArgs: ['order-service', '-t', 'last unit'] });
  });

  it.each(['replay', 'chaos', 'order', 'dead-letters'])('hands all arguments of %s over', (name) => {
    expect(parseCommand([name, 'one', '--help'])).toEqual({ kind: name, args: ['one', '--help'] });
  });
});

function refusalOf(argv: string[]): string {
  try {
    parseCommand(argv);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${argv.join(' ')}`);
}
