import { UsageError } from '@shop/chassis/base/fault.ts';
import { printableLines } from './printable.ts';

interface Command<Options> {
  /** Of the npm script. */
  name: string;
  help: string;
  parse: (args: string[]) => Options | 'help';
  run: (options: Options) => Promise<void>;
}

/** Runs a command, or prints its help; returns the exit code, 2 for invalid usage. The caller prints faults. */
export async function runCommand<Options>(command: Command<Options>, args: string[]): Promise<number> {
  let options: Options | 'help';
  try {
    options = command.parse(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(printableLines(`${error.message}\nHelp: npm run ${command.name} -- --help`));
    return 2;
  }
  if (options === 'help') console.log(command.help);
  else await command.run(options);
  return 0;
}
