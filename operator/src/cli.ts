/**
 * The operators' commands in the services' images: the same as `npm run order`, `dead-letters`, `clients`, `replay` and
 * `seed`, with only this folder and the address of the gateway.
 */
import { Fault, UsageError } from '@shop/chassis/base/fault.ts';
import { printableLines } from './printable.ts';
import { lookUpIn } from './variables.ts';

const help = `node operator/src/cli.ts <command>

  order <ORD-… or id>                           show the story of an order (order --help)
  dead-letters list | show | replay | discard   manage messages that could not be handled (dead-letters --help)
  clients list | add | rotate | retire | remove manage API clients and their keys (clients --help)
  replay <orders.csv[.gz]>                      place real orders and audit the result (replay --help)
  seed                                          create the demo products (safe to repeat)

Set BASE_URL to the address of the system, and STOREFRONT_KEY, BACKOFFICE_KEY and OPERATIONS_KEY to its API keys. For
clients, set CLIENTS_FILE to the clients file.`;

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Fault || error instanceof UsageError ? printableLines(error.message) : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function run([name, ...args]: string[]): Promise<number> {
  const lookUp = lookUpIn(process.env);
  switch (name) {
    case 'order':
      return (await import('./order/main.ts')).orderCommand(args, lookUp);
    case 'dead-letters':
      return (await import('./dead-letters/main.ts')).deadLettersCommand(args, lookUp);
    case 'clients':
      return (await import('./clients/main.ts')).clientsCommand(args, () => clientsIn(process.env));
    case 'replay':
      return (await import('./replay/main.ts')).replayCommand(args, lookUp);
    case 'seed':
      return (await import('./seed.ts')).seedCommand(args, lookUp);
    case 'help':
    case '--help':
    case '-h':
    case undefined:
      console.log(help);
      return 0;
    default:
      throw new UsageError(`Unknown command "${name}".\n\n${help}`);
  }
}

/**
 * For installations where another process syncs the file to the gateway: CLIENTS_NEXT is the command that starts it.
 */
function clientsIn({ CLIENTS_FILE: file, CLIENTS_NEXT: next }: NodeJS.ProcessEnv) {
  if (!file) throw new Fault('Set CLIENTS_FILE to the clients file.');
  return { file, apply: async () => (next ? `Takes effect after: ${next}` : '') };
}
