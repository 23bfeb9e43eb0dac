import { Fault, UsageError } from '@shop/chassis/base/fault.ts';
import { printableLines } from '@shop/operator/printable.ts';
import { seedDemoProducts } from '@shop/operator/seed.ts';
import { lookUpIn } from '@shop/operator/variables.ts';
import { scriptVariables } from './addresses.ts';
import type { Command } from './arguments.ts';
import { helpTexts, parseCommand } from './arguments.ts';
import { controlParts } from './control-command.ts';
import { readSystem, startSystem } from './start-system.ts';
import { reportParts, statusTable } from './status.ts';
import { bringDown } from './stop-system.ts';

try {
  process.exitCode = await run(parseCommand(process.argv.slice(2)));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(printableLines(`${error.message}\nHelp: npm run local -- help`));
    process.exitCode = 2;
  } else {
    console.error(error instanceof Fault ? printableLines(error.message) : error);
    process.exitCode = 1;
  }
}
// Timers that watch over a running system must not keep a finished command alive.
process.exit();

async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case 'help':
      console.log(helpOf(command.of));
      return 0;
    case 'start':
      return startSystem(command.options);
    case 'control':
      console.log(await controlParts(readSystem(), command.action, command.part));
      return 0;
    case 'status': {
      const system = readSystem();
      const reports = await reportParts(system);
      console.log(command.json ? JSON.stringify(reports, null, 2) : statusTable(system, reports));
      return 0;
    }
    case 'env': {
      const { plan, secrets } = readSystem();
      for (const [name, value] of Object.entries(scriptVariables(plan, secrets))) console.log(`${name}=${value}`);
      return 0;
    }
    case 'down':
      console.log(await bringDown(readSystem()));
      return 0;
    case 'seed':
      await seedDemoProducts(lookUpHere);
      console.log('The demo products are there.');
      return 0;
    case 'replay': {
      const { replayCommand } = await import('@shop/operator/replay/main.ts');
      return replayCommand(command.args, lookUpHere);
    }
    case 'order': {
      const { orderCommand } = await import('@shop/operator/order/main.ts');
      return orderCommand(command.args, lookUpHere);
    }
    case 'clients': {
      const [{ clientsCommand }, { clientsHere }] = await Promise.all([
        import('@shop/operator/clients/main.ts'),
        import('./clients.ts'),
      ]);
      return clientsCommand(command.args, clientsHere);
    }
    case 'dead-letters': {
      const { deadLettersCommand } = await import('@shop/operator/dead-letters/main.ts');
      return deadLettersCommand(command.args, lookUpHere);
    }
    case 'chaos': {
      const { chaosCommand } = await import('@shop/chaos/main.ts');
      return chaosCommand(command.args);
    }
    case 'spec': {
      const { specCommand } = await import('../../spec/main.ts');
      return specCommand(command.args);
    }
    case 'bench': {
      const { benchCommand } = await import('../../bench/main.ts');
      return benchCommand(command.args);
    }
    case 'test-monitoring': {
      const { monitoringCommand } = await import('../../monitoring/trial/main.ts');
      return monitoringCommand(command.args);
    }
    case 'test': {
      const { runTests } = await import('@shop/testing/run-tests.ts');
      return runTests(command.tiers, command.jestArgs);
    }
  }
}

/** What the environment names wins, the rest comes from the system started here. */
function lookUpHere<Name extends string>(...names: Name[]): Record<Name, string> {
  if (names.every((name) => process.env[name])) return lookUpIn(process.env)(...names);
  const { plan, secrets } = readSystem();
  const given = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value));
  return lookUpIn({ ...scriptVariables(plan, secrets), ...given })(...names);
}

function helpOf(name: string | undefined): string {
  const text = Object.entries(helpTexts).find(([one]) => one === name)?.[1];
  return text ?? Object.values(helpTexts).join('\n\n');
}
