import { UsageError } from '@shop/chassis/base/fault.ts';
import { readArguments } from '../read-arguments.ts';

/** An order by what a person has at hand: its number, or its id. */
export type Options = { json: boolean } & ({ number: string } | { id: string });

export const help = `npm run order -- <ORD-… or id> [--json]

The story of an order: what it is, who did what to it and when, its reservation, its messages that could not be
handled, and the id by which logs and traces name the request that placed it.

  --json      the same as one JSON object
  --help

The system is the one that "npm start" runs here, or the one that the variables BASE_URL and OPERATIONS_KEY name.
Colours are for terminals; NO_COLOR=1 turns them off.
Exit code: 0 shown, 1 there is no such order, or no answer, 2 wrong usage.`;

/** The options of the command line, or 'help'; throws a UsageError that says in a line what is wrong. */
export function parseOptions(args: string[]): Options | 'help' {
  const { values, positionals } = readArguments(args, {
    json: { type: 'boolean', default: false },
  });
  if (values.help) return 'help';
  const [name, ...more] = positionals;
  if (name === undefined) throw new UsageError('order needs the number (ORD-1024) or the id of an order');
  if (more.length > 0) throw new UsageError(`order takes one order, not also "${more[0]}"`);
  // As people write it down: in any case, and 1024 for ORD-1024.
  const number = /^(?:ord-?)?([1-9][0-9]{0,17})$/i.exec(name)?.[1];
  if (number !== undefined) return { json: values.json, number: `ORD-${number}` };
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) return { json: values.json, id: name.toLowerCase() };
  throw new UsageError(`"${name}" is neither the number (ORD-1024) nor the id of an order`);
}
