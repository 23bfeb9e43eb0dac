import { scriptVariables } from '@shop/local/addresses.ts';
import { readSystem } from '@shop/local/start-system.ts';
import { lookUpIn } from '@shop/operator/variables.ts';

/** Values from the environment take precedence; the rest comes from the system that `npm start` runs in this folder. */
export function variablesHere<Name extends string>(...names: Name[]): Record<Name, string> {
  if (names.every((name) => process.env[name])) return lookUpIn(process.env)(...names);
  const { plan, secrets } = readSystem();
  const given = Object.fromEntries(Object.entries(process.env).filter(([, value]) => value));
  return lookUpIn({ ...scriptVariables(plan, secrets), ...given })(...names);
}
