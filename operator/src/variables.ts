import { readVariables } from '@shop/chassis/base/config/read-variables.ts';
import { Fault } from '@shop/chassis/base/fault.ts';

/** Looks up the variables that a command needs; throws a Fault that lists the missing ones. */
export type LookUp = <Name extends string>(...names: Name[]) => Record<Name, string>;

/** Reads them from this environment, or from the files named by `<NAME>_FILE`. BASE_URL must be a URL. */
export function lookUpIn(environment: NodeJS.ProcessEnv): LookUp {
  return <Name extends string>(...names: Name[]) => {
    const { values, faults } = readVariables(names, environment);
    if (faults[0]) throw new Fault(faults.map(({ name, message }) => `${name}: ${message}`).join('\n'));
    const missing = names.filter((name) => !values[name]);
    if (missing.length > 0) throw new Fault(`Set ${missing.join(', ')} to choose the system.`);
    const { BASE_URL } = values;
    if (BASE_URL && !/^https?:$/.test(URL.parse(BASE_URL)?.protocol ?? '')) {
      throw new Fault(`BASE_URL is not a URL: "${BASE_URL}"`);
    }
    return values as Record<Name, string>;
  };
}
