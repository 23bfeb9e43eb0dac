import { readVariables } from '@shop/chassis/base/config/read-variables.ts';
import { Fault } from '@shop/chassis/base/fault.ts';

/** Looks up the variables that a command needs: all of them, or a Fault that names those that are missing. */
export type LookUp = <Name extends string>(...names: Name[]) => Record<Name, string>;

/** Looks in this environment, or in the files that `<NAME>_FILE` names. BASE_URL must be an address. */
export function lookUpIn(environment: NodeJS.ProcessEnv): LookUp {
  return <Name extends string>(...names: Name[]) => {
    const { values, faults } = readVariables(names, environment);
    if (faults[0]) throw new Fault(faults.map(({ name, message }) => `${name}: ${message}`).join('\n'));
    const missing = names.filter((name) => !values[name]);
    if (missing.length > 0) throw new Fault(`Set ${missing.join(', ')}: the system to talk to.`);
    const { BASE_URL } = values;
    if (BASE_URL && !/^https?:$/.test(URL.parse(BASE_URL)?.protocol ?? '')) {
      throw new Fault(`BASE_URL is no URL: "${BASE_URL}"`);
    }
    return values as Record<Name, string>;
  };
}
