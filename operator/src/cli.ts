/**
 * The commands of those who run the system, where there is nothing but this folder and the gateway's address: in the
 * services' images. `npm run order`, `dead-letters`, `clients`, `replay` and `seed`
 * are the same commands.
 */
import { Fault, UsageError } from '@shop/chassis/base/fault.ts';
import { printableLines } from './printable.ts';
import { lookUpIn } from './variables.ts';

const help = `node operator/src/cli.ts <command>

  order <ORD-… or id>                           the story of an order (order --help)
  dead-letters list | show | replay | discard   messages that were set aside (dead-letters --help)
  clients list | add | rotate | retire | remove who may call, and with which keys (clients --help)
  replay <orders.csv[.gz]>                      place real orders and audit the result (replay --help)
  seed                                          make the demo products (harmless when they exist)

The system is the one that BASE_URL names; STOREFRONT_KEY, BACKOFFICE_KEY and OPERATIONS_KEY are its API keys. For
clients it is the file that CLIENTS_FILE names.`;

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
      throw new UsageError(`There is no command "${name}".\n\n${help}`);
  }
}

/** Where another process brings the file to the gateway: CLIENTS_NEXT is the command that has it done. */
function clientsIn({ CLIENTS_FILE: file, CLIENTS_NEXT: next }: NodeJS.ProcessEnv) {
  if (!file) throw new Fault('Set CLIENTS_FILE: the file of the clients.');
  return { file, apply: async () => (next ? `In force after: ${next}` : '') };
}
