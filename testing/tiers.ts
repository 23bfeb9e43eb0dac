export type Tier = 'unit' | 'int' | 'e2e' | 'system';

/** The slow proofs of `system` by subject, each file in one: the files, without `.system.test.ts`. */
export const slowProofs = {
  /** The guarantees hold during faults; and the checker finds a product that violates them. */
  chaos: ['e2e/chaos', 'e2e/broken-variants/*', 'chaos/*'],
  /** Overload, hostile and malformed requests, a faulty network, and the accuracy of the benchmark. */
  load: ['e2e/overload', 'e2e/hostile-clients', 'e2e/fuzz', 'e2e/faulty-network/*', 'bench/*'],
  /** docker-compose.yml on a Docker engine. */
  compose: ['e2e/compose/*'],
  /** A host: deploying, rolling back, rotating secrets. */
  deploy: ['deploy/ec2/*'],
  /** Backing up and restoring. */
  backup: ['deploy/backup/*'],
  /** Rules, alerts and their delivery, charts. */
  monitoring: ['monitoring/*/*'],
  /** The model of the order protocol. */
  spec: ['spec/*'],
  /** The pages in a real browser. */
  web: ['web/test/browser/*'],
  /** The scripts and checks of the pipeline. */
  pipeline: ['.github/*'],
} as const satisfies Record<string, readonly string[]>;
export type SlowProof = keyof typeof slowProofs;

/** The glob that matches exactly the files of a slow proof. */
export function filesOf(proof: SlowProof): string {
  const paths = slowProofs[proof];
  return `**/${paths.length === 1 ? paths[0] : `{${paths.join(',')}}`}.system.test.ts`;
}

const tierNames: readonly string[] = ['unit', 'int', 'e2e', 'system'] satisfies Tier[];
const proofNames: readonly string[] = Object.keys(slowProofs);

export const help = `npm test [-- tiers] [jest options]    run lint, types, dead code and the everyday tests; or only the named tiers: unit, int, e2e, system
  npm test -- int order-service -t 'last unit'
  npm test -- chaos                   run only some slow proofs of the tier system: ${proofNames.join(', ')}`;

export interface TestArguments {
  selected: (Tier | SlowProof)[];
  jestArgs: string[];
}

/** Tiers or slow proofs come first, and all other arguments are for jest: `unit chaos` runs the unit tests of chaos/. */
export function parseArguments(args: string[]): TestArguments | 'help' {
  if (args[0] === '--help' || args[0] === '-h') return 'help';
  const names = tierNames.includes(args[0] ?? '') ? tierNames : proofNames;
  const end = args.findIndex((arg) => !names.includes(arg));
  const count = end === -1 ? args.length : end;
  const jestArgs = args.slice(count);
  return {
    selected: args.slice(0, count) as TestArguments['selected'],
    jestArgs: jestArgs[0] === '--' ? jestArgs.slice(1) : jestArgs,
  };
}

export function isSlowProof(name: Tier | SlowProof): name is SlowProof {
  return proofNames.includes(name);
}
