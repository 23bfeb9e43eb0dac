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

Starts a separate system with a real Prometheus and Alertmanager, and a little load.

  (no option) evaluates every expression of rules and dashboards, none of which may fail or be empty, and runs the
              commands of the runbooks' diagnoses; takes about two minutes
  --faults    breaks one part after another: the right alerts fire, nothing else is notified, and all alerts resolve;
              takes about eight minutes. The times of the rules are shortened, nothing else
  --help      print this text

Exit code: 0 all checks passed, 1 a check failed.`;

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
    // Ctrl-C arrives twice: from the terminal and from npm.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => reject(new Error('Interrupted.')));
    }
  });
  try {
    const faults = await Promise.race([values.faults ? runFaults(system) : check(system), interrupted]);
    console.log(faults.length === 0 ? '\nAll checks passed.' : `\n${faults.join('\n')}`);
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
