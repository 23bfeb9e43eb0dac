import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endOwnSystem, startOwnSystem } from '@shop/chaos/own-system.ts';
import { scriptVariables } from '@shop/local/addresses.ts';
import { repositoryRoot } from '@shop/local/folders.ts';
import type { System } from '@shop/local/parts.ts';
import { checkExpressions } from './check-expressions.ts';
import { runFaults } from './faults.ts';
import { keepOrdering } from './load.ts';
import { runDiagnoses } from './run-diagnoses.ts';

const help = `npm run monitoring [-- --faults]

Starts a system of its own with a real Prometheus and Alertmanager, and puts a little load on it.

  (nothing)   asks every expression of rules and dashboards: none may be an error, none may be empty; runs the commands of
              the runbooks' diagnoses: about two minutes
  --faults    breaks one part after the other: the right alerts fire, nobody is told of anything else, and all ends: about
              eight minutes. Times of the rules are shortened, nothing else
  --help

Exit code: 0 everything was as it must be, 1 something was not.`;

/** `npm run monitoring`. */
export async function monitoringCommand(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { faults: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) {
    console.log(help);
    return 0;
  }
  console.log('Starting a system with Prometheus and Alertmanager …');
  const system = await startOwnSystem(`monitoring/${Date.now().toString(36)}`, undefined, 1, ['--monitoring']);
  const interrupted = new Promise<never>((_, reject) => {
    // A Ctrl-C comes twice, from the terminal and by npm.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => reject(new Error('Interrupted.')));
    }
  });
  try {
    const faults = await Promise.race([values.faults ? runFaults(system) : check(system), interrupted]);
    console.log(faults.length === 0 ? '\nEverything is as it must be.' : `\n${faults.join('\n')}`);
    return faults.length === 0 ? 0 : 1;
  } finally {
    await endOwnSystem(system, false);
  }
}

async function check(system: System): Promise<string[]> {
  const variables = scriptVariables(system.plan, system.secrets);
  const load = keepOrdering(variables);
  const folder = join(repositoryRoot(), 'monitoring');
  try {
    const faults = await checkExpressions(folder, variables.PROMETHEUS_URL ?? '');
    const environment = { ...variables, LOGS: `${system.folder}/logs`, LOCAL_DIR: system.folder };
    return [...faults, ...(await runDiagnoses(folder, environment))];
  } finally {
    await load.stop();
  }
}
