import { scriptVariables } from './addresses.ts';
import { type Action, helpTexts, parseNone, parsePart, parseStart, parseStatus } from './arguments.ts';
import { controlParts } from './control-command.ts';
import { readSystem, startSystem } from './start-system.ts';
import { reportParts, statusTable } from './status.ts';
import { bringDown } from './stop-system.ts';

/** A command in the table of all commands (commands/commands.ts). It returns its exit code. */
export interface Command {
  help: string;
  run(args: string[]): Promise<number>;
}

/** `npm start` and the commands of `npm run local`. */
export const systemCommands = {
  start: {
    help: helpTexts.start,
    run: async (args) => {
      if (args[0] !== undefined && !args[0].startsWith('-')) return control('start', args);
      const options = parseStart(args);
      return options === 'help' ? print(helpTexts.start) : startSystem(options);
    },
  },
  status: {
    help: helpTexts.status,
    run: async (args) => {
      const options = parseStatus(args);
      if (options === 'help') return print(helpTexts.status);
      const system = readSystem();
      const reports = await reportParts(system);
      return print(options.json ? JSON.stringify(reports, null, 2) : statusTable(system, reports));
    },
  },
  stop: controlling('stop'),
  kill: controlling('kill'),
  pause: controlling('pause'),
  resume: controlling('resume'),
  env: {
    help: helpTexts.env,
    run: async (args) => {
      if (parseNone(args) === 'help') return print(helpTexts.env);
      const { plan, secrets } = readSystem();
      const lines = Object.entries(scriptVariables(plan, secrets)).map(([name, value]) => `${name}=${value}`);
      return print(lines.join('\n'));
    },
  },
  down: {
    help: helpTexts.down,
    run: async (args) => print(parseNone(args) === 'help' ? helpTexts.down : await bringDown(readSystem())),
  },
} satisfies Record<string, Command>;

function controlling(action: Action): Command {
  return { help: helpTexts.control, run: (args) => control(action, args) };
}

async function control(action: Action, args: string[]): Promise<number> {
  const named = parsePart(action, args);
  return print(named === 'help' ? helpTexts.control : await controlParts(readSystem(), action, named.part));
}

function print(text: string): number {
  console.log(text);
  return 0;
}
