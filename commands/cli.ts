/** bootstrap.mjs starts this for every `npm run …`. */
import { Fault, UsageError } from '@shop/chassis/base/fault.ts';
import { printableLines } from '@shop/operator/printable.ts';
import { commands } from './commands.ts';

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(printableLines(`${error.message}\nHelp: npm run local -- help`));
    process.exitCode = 2;
  } else {
    console.error(error instanceof Fault ? printableLines(error.message) : error);
    process.exitCode = 1;
  }
}
// Remaining timers must not keep a finished command alive.
process.exit();

async function run([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const texts = new Set(Object.values(commands).map(({ help }) => help));
    console.log([...texts].join('\n\n'));
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new UsageError(`there is no command "${name}"`);
  return command.run(args);
}
