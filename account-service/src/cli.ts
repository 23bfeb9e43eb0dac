/** The commands of account-service, for its image; `npm run keys` and `npm run staff` do the same in a clone. */
import { UsageError } from '@shop/chassis/base/fault.ts';
import { commandConfig, historyConfig } from './config.ts';
import { historyCommand } from './order-history/history-command.ts';
import { keysCommand } from './signing-keys/keys-command.ts';
import { staffCommand } from './staff/staff-command.ts';

const help = `node account-service/src/cli.ts <command>

  keys list | rotate                 the keys that sign access tokens (keys --help)
  staff list | add | set | remove    members of staff and their roles (staff --help)
  history rebuild                    the order histories of all shoppers (history --help)

They read their settings from the environment, as the service does.`;

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function run([name, ...args]: string[]): Promise<number> {
  if (name === 'keys') return keysCommand(args, commandConfig);
  if (name === 'staff') return staffCommand(args, commandConfig);
  if (name === 'history') return historyCommand(args, historyConfig);
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(help);
    return 0;
  }
  throw new UsageError(`there is no command "${name}"\n\n${help}`);
}
