import type { ParseArgsConfig } from 'node:util';
import { parseArgs } from 'node:util';
import { UsageError } from '@shop/chassis/base/fault.ts';
import type { ServiceName } from '../../services.ts';
import { ofEachService, services } from '../../services.ts';

export type StartOptions = {
  detach: boolean;
  fresh: boolean;
  monitoring: boolean;
  watch: boolean;
  inspect: boolean;
  port: number;
  processes: Record<ServiceName, number>;
};
export type Action = 'start' | 'stop' | 'kill' | 'pause' | 'resume';
export type Tier = 'unit' | 'int' | 'e2e' | 'system';

export type Command =
  | { kind: 'help'; of?: string }
  | { kind: 'start'; options: StartOptions }
  | { kind: 'control'; action: Action; part: string }
  | { kind: 'status'; json: boolean }
  | { kind: 'env' | 'down' | 'seed' }
  | { kind: (typeof passedOn)[number]; args: string[] }
  | { kind: 'test'; tiers: Tier[]; jestArgs: string[] };

const inspected = services.map(({ name, inspectorPort }) => `${name}-1 on port ${inspectorPort}`).join(', ');
const counts = services
  .map(({ countOption, folder }) => `  ${`--${countOption} N`.padEnd(18)}  processes of ${folder} (default 1)`)
  .join('\n');
const parts = [...services.map(({ name }) => name), 'broker', ...services.map(({ database }) => database.server)].join(
  ', ',
);

export const helpTexts = {
  start: `npm start [-- options]        start the whole system and stay until Ctrl-C
  --detach            return when everything is ready; "npm run local -- down" stops it
  --fresh             start with empty databases and queues
  --monitoring        with Prometheus and Alertmanager, which the machine must have
  --watch             restart a service when one of its source files changes
  --inspect           let a debugger attach: ${inspected}, and so on
  --port N            the gateway's port (default 8000)
${counts}`,
  status: `npm run local -- status [--json]      what every part is doing`,
  control: `npm run local -- start | stop | kill | pause | resume <part>
  parts: ${parts}, gateway; one process of a service: order-2;
         with --monitoring: prometheus, alertmanager
  stop    ask the part to end (returns at once)      kill    end it as a crash would
  pause   freeze it                                  resume  let it go on
  start   start it again, same port, same settings (returns at once)`,
  env: `npm run --silent local -- env         addresses, keys and tokens as NAME=value lines`,
  down: `npm run local -- down                 stop the whole system`,
  seed: `npm run seed                          make the demo products (harmless when they exist)`,
  replay: `npm run replay -- <orders.csv[.gz]>   place real orders and audit the result (--help for its options)`,
  order: `npm run order -- <ORD-… or id>       the story of an order (--help for its options)`,
  deadLetters: `npm run dead-letters -- list | show | replay | discard   messages that were set aside (--help for its options)`,
  clients: `npm run clients -- list | add | rotate | retire | remove   who may call the API, and with which keys (--help for its options)`,
  chaos: `npm run chaos                        break a system of its own and check that it keeps its promises (--help)`,
  spec: `npm run spec                         search the model of the order protocol exhaustively (--help for its options)`,
  bench: `npm run bench                        measure this against the usual implementation, side by side (--help for its options)`,
  testMonitoring: `npm run test:monitoring              ask a real Prometheus all that rules and dashboards ask (--help)`,
  test: `npm test [-- tiers] [jest options]    lint, types, dead code and all tests; or only the tiers named: unit, int, e2e, system
  npm test -- int order-service -t 'last unit'`,
} as const;

// They read their own options.
const passedOn = ['replay', 'chaos', 'order', 'dead-letters', 'clients', 'spec', 'bench', 'test-monitoring'] as const;
const actions: readonly string[] = ['start', 'stop', 'kill', 'pause', 'resume'] satisfies Action[];
const tierNames: readonly string[] = ['unit', 'int', 'e2e', 'system'] satisfies Tier[];

/** Turns the command line into a command; throws a UsageError that says what is wrong with it. */
export function parseCommand(argv: string[]): Command {
  const [name, ...rest] = argv;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return { kind: 'help' };
  if (passedOn.includes(name as (typeof passedOn)[number]))
    return { kind: name as (typeof passedOn)[number], args: rest };
  if (name === 'test') return parseTest(rest);
  if (name === 'start' && (rest[0] === undefined || rest[0].startsWith('-'))) return parseStart(rest);
  if (actions.includes(name)) return parseControl(name as Action, rest);
  if (name === 'status') {
    const { values } = parseOptions(name, rest, { json: { type: 'boolean', default: false } });
    return values.help ? { kind: 'help', of: 'status' } : { kind: 'status', json: values.json === true };
  }
  if (name === 'env' || name === 'down' || name === 'seed') {
    const { values } = parseOptions(name, rest, {});
    return values.help ? { kind: 'help', of: name } : { kind: name };
  }
  throw new UsageError(`there is no command "${name}"`);
}

function parseStart(args: string[]): Command {
  const { values } = parseOptions('start', args, {
    detach: { type: 'boolean', default: false },
    fresh: { type: 'boolean', default: false },
    monitoring: { type: 'boolean', default: false },
    watch: { type: 'boolean', default: false },
    inspect: { type: 'boolean', default: false },
    port: { type: 'string', default: '8000' },
    ...Object.fromEntries(services.map(({ countOption }) => [countOption, { type: 'string', default: '1' } as const])),
  });
  if (values.help) return { kind: 'help', of: 'start' };
  const options = {
    detach: values.detach === true,
    fresh: values.fresh === true,
    monitoring: values.monitoring === true,
    watch: values.watch === true,
    inspect: values.inspect === true,
    port: wholeNumber('--port', values.port, 65_535),
    // Each process holds a pool of connections, and PostgreSQL's are counted.
    processes: ofEachService(({ countOption }) => wholeNumber(`--${countOption}`, values[countOption], 8)),
  };
  return { kind: 'start', options };
}

function parseControl(action: Action, args: string[]): Command {
  const { values, positionals } = parseOptions(action, args, {}, true);
  if (values.help) return { kind: 'help', of: 'control' };
  const [part, ...more] = positionals;
  if (part === undefined || more.length > 0) throw new UsageError(`"${action}" takes the name of one part`);
  return { kind: 'control', action, part };
}

/** Tiers come first; all that follows belongs to jest. */
function parseTest(args: string[]): Command {
  if (args[0] === '--help' || args[0] === '-h') return { kind: 'help', of: 'test' };
  const end = args.findIndex((arg) => !tierNames.includes(arg));
  const count = end === -1 ? args.length : end;
  const jestArgs = args.slice(count);
  return {
    kind: 'test',
    tiers: args.slice(0, count) as Tier[],
    jestArgs: jestArgs[0] === '--' ? jestArgs.slice(1) : jestArgs,
  };
}

function parseOptions(
  command: string,
  args: string[],
  options: NonNullable<ParseArgsConfig['options']>,
  allowPositionals = false,
): { values: { [name: string]: unknown }; positionals: string[] } {
  try {
    const help = { type: 'boolean', short: 'h', default: false } as const;
    return parseArgs({ args, options: { ...options, help }, allowPositionals, strict: true });
  } catch (error) {
    // Node's messages explain how to quote odd positionals after the first sentence.
    const [message = ''] = (error as Error).message.split('. ');
    throw new UsageError(`${command}: ${message}`);
  }
}

function wholeNumber(option: string, text: unknown, highest: number): number {
  const number = typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= highest) return number;
  throw new UsageError(`${option} takes a whole number from 1 to ${highest}, not "${String(text)}"`);
}
