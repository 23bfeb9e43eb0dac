import { UsageError } from '@shop/chassis/base/fault.ts';
import { readArguments } from '@shop/operator/read-arguments.ts';
import { type FaultKind, faultKinds } from './schedule.ts';

export interface Options {
  seconds: number;
  seed: number;
  /** Undefined: all that are possible on this machine. */
  faults?: FaultKind[];
  /** A file with the faults, instead of those chosen by the seed. */
  schedule?: string;
  /** Seconds until everything must be decided after all parts are back; time for the backlog is added. */
  recoverWithin: number;
  /** No faults: measure how fast this many orders are decided that were placed while inventory-service was down. */
  drain?: number;
  json: boolean;
  keep: boolean;
}

export const help = `npm run chaos [-- options]

Starts a separate system (two processes of each service behind the gateway), places, cancels, ships and delivers orders,
and signs shoppers in and out, while it breaks parts of that system; repairs everything, and then checks from outside that
nothing was lost, duplicated or oversold, and that sessions and order histories are right.

  --seconds N     how long to break parts (default 60, 5 to 3600)
  --seed N        repeat the fault schedule of an earlier run; timing still differs (default: a new seed)
  --faults LIST   use only these kinds, separated by commas (default: all)
                    kill         kill -9 of one process of a service
                    pause        freeze one process of a service (SIGSTOP), then continue it
                    restart      stop one process of a service cleanly
                    broker       stop, kill or pause RabbitMQ
                    connections  cut all connections of a service to its database
                    postgres     stop or kill a service's database
                    network      between services, to broker and databases: a blackhole, refused connections, responses
                                 lost after the request was sent, delays
                    clock        run one process of a service with a clock that is 7 minutes wrong (needs Debian's
                                 libfaketime: installed as root, otherwise skipped)
                    disk         a disk alarm in RabbitMQ, which then blocks publishers
                    gateway      kill, stop or freeze the gateway
  --schedule FILE cause exactly these faults: a JSON array of {kind, part, how, at, lasts} with times in
                  milliseconds since the first order
  --recover-within N
                  seconds in which all orders must be decided after all parts are back, plus the time for the backlog
                  (default 60, 5 to 600)
  --drain N       instead of faults: measure how many orders per second are placed, stop inventory-service, place N
                  orders (100 to 100000), start it, and measure how many per second are decided; then make the same checks
  --keep          leave the system running until Ctrl-C, so that you can inspect it
  --json          print the report as one JSON object
  --help          print this text

First, one process of each service is killed and frozen (as far as kinds and schedule allow), one at a time, while
everything else works: orders must continue, except during the first second of each fault.

A run with fewer than 1,000 orders, 50 twins, 50 cancellations, 50 shipments or 3 faults of each kind proves nothing: it
continues for up to 60 s more until it has them.

Exit code: 0 all checks passed, 1 a check failed (the folder with logs and data is kept), 2 inconclusive: too little
happened even so, or the system did not start.`;

/** Parses the command line into options or 'help'; throws a UsageError with a one-line message. */
export function parseOptions(args: string[], newSeed: number): Options | 'help' {
  const { values } = readArguments(
    args,
    {
      seconds: { type: 'string' },
      seed: { type: 'string' },
      faults: { type: 'string' },
      schedule: { type: 'string' },
      'recover-within': { type: 'string', default: '60' },
      drain: { type: 'string' },
      json: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
    false,
  );
  if (values.help) return 'help';
  if (values.drain !== undefined && (values.faults !== undefined || values.seconds !== undefined)) {
    throw new UsageError('--drain cannot be combined with --seconds or --faults');
  }
  return {
    seconds: wholeNumber('--seconds', values.seconds ?? '60', 5, 3_600),
    seed: values.seed === undefined ? newSeed : wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    ...(values.faults !== undefined && { faults: kindsIn(values.faults) }),
    ...(values.drain !== undefined && { drain: wholeNumber('--drain', values.drain, 100, 100_000) }),
    schedule: values.schedule,
    recoverWithin: wholeNumber('--recover-within', values['recover-within'], 5, 600),
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
