import { UsageError } from '@shop/chassis/base/fault.ts';
import { readArguments } from '@shop/operator/read-arguments.ts';
import type { ServiceName } from '../../services.ts';
import { ofEachService, services } from '../../services.ts';

export interface StartOptions {
  detach: boolean;
  fresh: boolean;
  monitoring: boolean;
  watch: boolean;
  inspect: boolean;
  port: number;
  processes: Record<ServiceName, number>;
}

export type Action = 'start' | 'stop' | 'kill' | 'pause' | 'resume';

const inspected = services.map(({ name, inspectorPort }) => `${name}-1 on port ${inspectorPort}`).join(', ');
const counts = services
  .map(({ countOption, folder }) => `  ${`--${countOption} N`.padEnd(18)}  processes of ${folder} (default 1)`)
  .join('\n');
const parts = [...services.map(({ name }) => name), 'broker', ...services.map(({ database }) => database.server)].join(
  ', ',
);

export const helpTexts = {
  start: `npm start [-- options]        start the whole system and run until Ctrl-C
  --detach            return when everything is ready; "npm run local -- down" stops it
  --fresh             start with empty databases and queues
  --monitoring        also start Prometheus and Alertmanager, which must be installed
  --watch             restart a service when one of its source files changes
  --inspect           accept a debugger: ${inspected}, and so on
  --port N            the gateway's port (default 8000)
${counts}`,
  status: `npm run local -- status [--json]      show the state of every part`,
  control: `npm run local -- start | stop | kill | pause | resume <part>
  parts: ${parts}, maildev, gateway, web; one process of a service: order-2;
         with --monitoring: prometheus, alertmanager
  stop    ask the part to stop (returns at once)     kill    kill it like a crash
  pause   freeze it                                  resume  continue after pause
  start   start it again, same port, same settings (returns at once)`,
  env: `npm run --silent local -- env         print addresses, keys and tokens as NAME=value lines`,
  down: `npm run local -- down                 stop the whole system`,
} as const;

export function parseStart(args: string[]): StartOptions | 'help' {
  const { values } = readArguments(
    args,
    {
      detach: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      monitoring: { type: 'boolean', default: false },
      watch: { type: 'boolean', default: false },
      inspect: { type: 'boolean', default: false },
      port: { type: 'string', default: '8000' },
      ...Object.fromEntries(
        services.map(({ countOption }) => [countOption, { type: 'string', default: '1' } as const]),
      ),
    },
    false,
  );
  if (values.help) return 'help';
  const counts: Record<string, unknown> = values;
  return {
    detach: values.detach === true,
    fresh: values.fresh === true,
    monitoring: values.monitoring === true,
    watch: values.watch === true,
    inspect: values.inspect === true,
    port: wholeNumber('--port', values.port, 65_535),
    // Each process has a connection pool, and PostgreSQL limits connections.
    processes: ofEachService(({ countOption }) => wholeNumber(`--${countOption}`, counts[countOption], 8)),
  };
}

/** The name of the part to control. */
export function parsePart(action: Action, args: string[]): { part: string } | 'help' {
  const { values, positionals } = readArguments(args, {});
  if (values.help) return 'help';
  const [part, ...more] = positionals;
  if (part === undefined || more.length > 0) throw new UsageError(`"${action}" takes the name of one part`);
  return { part };
}

export function parseStatus(args: string[]): { json: boolean } | 'help' {
  const { values } = readArguments(args, { json: { type: 'boolean', default: false } }, false);
  return values.help ? 'help' : { json: values.json };
}

/** For a command whose only option is --help. */
export function parseNone(args: string[]): 'none' | 'help' {
  return readArguments(args, {}, false).values.help ? 'help' : 'none';
}

function wholeNumber(option: string, text: unknown, highest: number): number {
  const number = typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= highest) return number;
  throw new UsageError(`${option} takes a whole number from 1 to ${highest}, not "${String(text)}"`);
}
