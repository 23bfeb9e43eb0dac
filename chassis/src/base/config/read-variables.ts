import { readFileSync } from 'node:fs';

/** An error in the variable of this name. The message never contains its value. */
export interface VariableFault {
  name: string;
  message: string;
}

/**
 * These environment variables, each from the variable itself or from the file that `<NAME>_FILE` names, without the trailing
 * line break. An empty one is absent; an empty file is a fault, but for those in `mayBeEmpty`.
 */
export function readVariables(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
  mayBeEmpty: readonly string[] = [],
): { values: Record<string, string>; faults: VariableFault[] } {
  const values: Record<string, string> = {};
  const faults: VariableFault[] = [];
  for (const name of names) {
    const value = env[name];
    const path = env[`${name}_FILE`];
    if (value) values[name] = value;
    if (!path) continue;
    if (value) {
      faults.push({ name, message: `Set ${name} or ${name}_FILE, not both.` });
      continue;
    }
    try {
      const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
      if (text) values[name] = text;
      else if (!mayBeEmpty.includes(name)) faults.push({ name, message: `The file ${path} is empty.` });
    } catch (error) {
      faults.push({ name, message: `The file ${path} cannot be read (${(error as NodeJS.ErrnoException).code}).` });
    }
  }
  return { values, faults };
}
