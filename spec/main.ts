import { parseArgs } from 'node:util';
import {
  type Configuration,
  harmfulMutations,
  harmlessMutations,
  largeConfigurations,
  type Mutation,
  smallConfigurations,
} from './configurations.ts';
import { type Search, type SearchLimits, search, type Verdict } from './search.ts';

const help = `npm run spec [-- what] [-- options]

Searches the model of the order protocol (spec/README.md) with Spin; needs Debian's packages spin and gcc.

  (no option)    check the small configurations, in which every claim must hold; takes about a minute
  --large        check the large ones; up to several minutes and 6 GB each
  --mutations    break one rule after another: harmful mutations must be found, harmless ones must not
  NAME …         check only these configurations or mutations
  --trail        print the steps that lead to a violation
  --list         list all configurations and mutations
  --help         print this text

Exit code: 0 all results as expected, 1 an unexpected result or an incomplete search, 2 invalid usage.`;

const small: SearchLimits = { megabytes: 1_500, seconds: 300, quickly: true };
const large: SearchLimits = { megabytes: 5_500, seconds: 3_600 };

/** `npm run spec`. */
export async function specCommand(args: string[]): Promise<number> {
  const options = parse(args);
  if (typeof options === 'string') {
    console.error(`${options}\nHelp: npm run spec -- --help`);
    return 2;
  }
  const { values, positionals } = options;
  const all = [...smallConfigurations, ...largeConfigurations, ...harmfulMutations, ...harmlessMutations];
  if (values.help || values.list) {
    console.log(values.help ? help : all.map(listed).join('\n'));
    return 0;
  }
  const unknown = positionals.find((name) => !all.some((one) => one.name === name));
  if (unknown !== undefined) {
    console.error(`Unknown configuration or mutation "${unknown}". See: npm run spec -- --list`);
    return 2;
  }
  const chosen = [
    ...(values.large ? largeConfigurations : []),
    ...(values.mutations ? [...harmfulMutations, ...harmlessMutations] : []),
    ...all.filter(({ name }) => positionals.includes(name)),
  ];
  return runAll(chosen.length > 0 ? chosen : smallConfigurations, values.trail);
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        large: { type: 'boolean', default: false },
        mutations: { type: 'boolean', default: false },
        trail: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    return (error as Error).message.split('. ')[0] ?? '';
  }
}

/** One search at a time, because each may fill the memory. */
async function runAll(chosen: readonly (Configuration | Mutation)[], withTrail: boolean): Promise<number> {
  // Exit normally, so that the exit handlers stop the search and remove its folder.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  let wrong = 0;
  for (const one of chosen) {
    const isLarge = largeConfigurations.some(({ name }) => name === one.name);
    const verdict = await search(one, isLarge ? large : small, withTrail);
    const expected = 'expected' in one ? one.expected : 'holds';
    const isRight = verdict.outcome === expected && !('atLeast' in one && verdict.states < one.atLeast);
    if (!isRight) wrong += 1;
    console.log(rendered(one, verdict, isRight));
    if (verdict.trail !== undefined) console.log(verdict.trail);
  }
  console.log(`\n${chosen.length} searches, ${wrong} with unexpected results`);
  return wrong === 0 ? 0 : 1;
}

function rendered(one: Search, verdict: Verdict, isRight: boolean): string {
  const { outcome, states, transitions, megabytes, seconds, claim } = verdict;
  const sizes = `${states.toLocaleString('en')} states, ${transitions.toLocaleString('en')} steps, ${megabytes} MB, ${seconds.toFixed(1)} s`;
  const why = claim === undefined ? '' : `\n       claim: ${claim}`;
  return `${isRight ? 'ok   ' : 'WRONG'} ${one.name.padEnd(30)} ${outcome.padEnd(10)} ${sizes}${why}`;
}

function listed(one: Configuration | Mutation): string {
  const about = 'about' in one ? one.about : `breaks a rule: ${one.expected}`;
  return `${one.name.padEnd(32)} ${about.padEnd(52)} ${one.defines.join(' ')}`;
}
