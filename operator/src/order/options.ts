import { UsageError } from '@shop/chassis/base/fault.ts';
import { readArguments } from '../read-arguments.ts';

/** An order by its number or its id. */
export type Options = { json: boolean } & ({ number: string } | { id: string });

export const help = `npm run order -- <ORD-… or id> [--json]

Shows the story of an order: its data, who did what to it and when, its reservation, its messages that could not be
handled, and the id under which logs and traces have the request that placed it.

  --json      print it as one JSON object
  --help      print this text

Without the variables BASE_URL and OPERATIONS_KEY, it uses the system that "npm start" runs in this folder.
Terminals get colours; NO_COLOR=1 turns them off.
Exit code: 0 shown, 1 no such order or no response, 2 invalid usage.`;

/** Parses the command line into options or 'help'; throws a UsageError with a one-line message. */
export function parseOptions(args: string[]): Options | 'help' {
  const { values, positionals } = readArguments(args, {
    json: { type: 'boolean', default: false },
  });
  if (values.help) return 'help';
  const [name, ...more] = positionals;
  if (name === undefined) throw new UsageError('order needs the number (ORD-1024) or the id of an order');
  if (more.length > 0) throw new UsageError(`order takes one order, not also "${more[0]}"`);
  // Accept what people write: any case, and 1024 for ORD-1024.
  const number = /^(?:ord-?)?([1-9][0-9]{0,17})$/i.exec(name)?.[1];
  if (number !== undefined) return { json: values.json, number: `ORD-${number}` };
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) return { json: values.json, id: name.toLowerCase() };
  throw new UsageError(`"${name}" is neither the number (ORD-1024) nor the id of an order`);
}
