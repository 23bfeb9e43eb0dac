import { UsageError } from '@shop/chassis/base/fault.ts';
import { readArguments } from '@shop/operator/read-arguments.ts';
import { type FaultKind, faultKinds } from './schedule.ts';

export interface Options {
  seconds: number;
  seed: number;
  /** Undefined: all that this machine can do. */
  faults?: FaultKind[];
  /** A file with the faults to do, in place of those that the seed chooses. */
  schedule?: string;
  /** Seconds to settle within, once all parts are back; the backlog's time comes on top. */
  settle: number;
  /** Break nothing: measure how fast so many orders settle that were placed while inventory-service was down. */
  drain?: number;
  json: boolean;
  keep: boolean;
}

export const help = `npm run chaos [-- options]

Starts a system of its own (two processes of each service behind the gateway), places, cancels, ships and delivers orders
while it breaks parts of that system, heals everything, and then checks from outside that nothing was lost, doubled or
oversold.

  --seconds N     how long to break things (default 60, 5 to 3600)
  --seed N        repeat the schedule of faults of an earlier run; what they meet differs (default: a new one)
  --faults LIST   only these kinds, separated by commas (default: all)
                    kill         kill -9 of one process of a service
                    pause        freeze one process of a service (SIGSTOP), later let it go on
                    restart      stop one process of a service in good order
                    broker       stop, kill or pause RabbitMQ
                    connections  cut all connections of a service to its database
                    postgres     stop or kill a service's database
                    network      between services, to broker and databases: a blackhole, refused connections, answers
                                 that are lost after the request was sent, delays
                    clock        one process of a service with a clock that is 7 minutes wrong (needs Debian's
                                 libfaketime: installed as root, else left out)
                    disk         RabbitMQ takes its disk for full, and no messages
                    gateway      kill, stop or freeze the gateway
  --schedule FILE exactly these faults: a JSON array of {kind, part, how, at, lasts} with times in
                  milliseconds since the first order
  --settle N      seconds within which everything has to settle when all parts are back, plus the time for the backlog
                  (default 60, 5 to 600)
  --drain N       instead: measure how many orders a second are placed, stop inventory-service, place N orders (100 to
                  100000), start it, and measure how many a second settle; then check the same things
  --keep          leave the system running at the end, until Ctrl-C, to look into it
  --json          print the report as one JSON object
  --help

Before that, one process of each service is killed and frozen (as far as kinds and schedule allow), one at a time, while all
else works: orders must go on, but for the first second of each.

Below 1,000 orders, 50 twins, 50 cancellations, 50 shipments or 3 faults of each kind a run means nothing: it goes on for up
to 60 s more until it has them.

Exit code: 0 everything holds, 1 something was violated (its folder with logs and data is kept), 2 inconclusive: too
little happened all the same, or the system did not start.`;

/** The options of the command line, or 'help'; throws a UsageError that says in a line what is wrong. */
export function parseOptions(args: string[], newSeed: number): Options | 'help' {
  const { values } = readArguments(
    args,
    {
      seconds: { type: 'string' },
      seed: { type: 'string' },
      faults: { type: 'string' },
      schedule: { type: 'string' },
      settle: { type: 'string', default: '60' },
      drain: { type: 'string' },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
    false,
  );
  if (values.help) return 'help';
  if (values.drain !== undefined && (values.faults !== undefined || values.seconds !== undefined)) {
    throw new UsageError('--drain breaks nothing at random: it takes neither --seconds nor --faults');
  }
  return {
    seconds: wholeNumber('--seconds', values.seconds ?? '60', 5, 3_600),
    seed: values.seed === undefined ? newSeed : wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    ...(values.faults !== undefined && { faults: kindsIn(values.faults) }),
    ...(values.drain !== undefined && { drain: wholeNumber('--drain', values.drain, 100, 100_000) }),
    schedule: values.schedule,
    settle: wholeNumber('--settle', values.settle, 5, 600),
    json: values.json,
    keep: values.keep,
  };
}

function wholeNumber(option: string, text: string, lowest: number, highest: number): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (number >= lowest && number <= highest) return number;
  throw new UsageError(`${option} takes a whole number from ${lowest} to ${highest}, not "${text}"`);
}

function kindsIn(list: string): FaultKind[] {
  const names = [...new Set(list.split(','))];
  const unknown = names.find((name) => !faultKinds.some((kind) => kind === name));
  if (unknown === undefined) return names as FaultKind[];
  throw new UsageError(`--faults takes kinds separated by commas (${faultKinds.join(', ')}), not "${unknown}"`);
}
