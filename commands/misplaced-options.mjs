/**
 * npm consumes options before `--`: `npm start --port 8339` gives the script the argument 8339, and npm_config_port=true in
 * its environment. The script would do something else than the user meant, so it is refused before anything is installed or
 * started. Plain JavaScript, because bootstrap.mjs runs on any Node.
 *
 * `--key` of dead-letters is missing on purpose: it is also an npm setting, which may be set in an .npmrc.
 */

// [services.ts: count options] written by `npm run services`
const countOptions = ['notifications', 'accounts', 'orders', 'inventories'];
// [end]
const withValue = [
  ...['port', ...countOptions],
  ...['concurrency', 'rate', 'run', 'stock', 'limit', 'group', 'id', 'reason', 'role', 'service', 'status'],
  ...['faults', 'schedule', 'seconds', 'seed', 'recover-within', 'drain', 'rebuild', 'rounds', 'rows', 'scenario'],
  ...['t', 'testNamePattern', 'testPathPatterns', 'testTimeout', 'maxWorkers', 'shard'],
];
const withoutValue = [
  ...['detach', 'fresh', 'monitoring', 'inspect', 'json', 'duplicates', 'keep', 'page', 'profile', 'quick'],
  ...['here', 'large', 'list', 'mutations', 'trail'],
  ...['watch', 'watchAll', 'runInBand', 'coverage', 'bail', 'updateSnapshot', 'u', 'onlyFailures', 'detectOpenHandles'],
];

/** The error message for a command whose options npm consumed; undefined when it consumed none. */
export function explainMisplacedOptions(args, env) {
  const script = env.npm_lifecycle_event;
  if (script === undefined) return undefined; // not run by npm
  const kept = [...withValue, ...withoutValue].flatMap((name) => {
    const value = env[`npm_config_${name.toLowerCase().replaceAll('-', '_')}`];
    return value === undefined || value === '' ? [] : [{ name, value }];
  });
  if (kept.length === 0) return undefined;
  const options = kept.map(({ name }) => (name.length === 1 ? `-${name}` : `--${name}`));
  const command = ['start', 'test'].includes(script) ? `npm ${script}` : `npm run ${script}`;
  return (
    `npm consumed ${options.join(' and ')}: options for a script must come after "--". Nothing was started. Write:\n\n` +
    `  ${command} -- ${rewritten(kept, options, argumentsOfUser(args, env)).join(' ')}\n`
  );
}

/** The arguments without those from package.json, such as the tier of `test:int`. */
function argumentsOfUser(args, env) {
  const own = (env.npm_lifecycle_script ?? '').split(' ').slice(2);
  return own.every((word, index) => args[index] === word) ? args.slice(own.length) : args;
}

/** The command line as it should be. A value is assigned to its option if there is one of each; otherwise "…" replaces it. */
function rewritten(kept, options, words) {
  const lacks = ({ name, value }) => withValue.includes(name) && value === 'true' && words.length > 0;
  const lacking = kept.filter(lacks).length;
  const known = lacking === 1 && words.length === 1;
  const toValue = (one) =>
    lacks(one) ? [known ? quoted(words[0]) : '…'] : one.value === 'true' ? [] : [quoted(one.value)];
  const others = lacking === 0 ? words.map(quoted) : known ? [] : ['…'];
  return [...others, ...kept.flatMap((one, index) => [options[index], ...toValue(one)])];
}

function quoted(word) {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
