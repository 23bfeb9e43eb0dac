import { Fault } from './faults.ts';

/** Looks up the variables that a command needs: all of them, or a Fault that names those that are missing. */
export type LookUp = <Name extends string>(...names: Name[]) => Record<Name, string>;

/** Looks in this environment; an empty variable is a missing one. BASE_URL must be an address. */
export function lookUpIn(environment: NodeJS.ProcessEnv): LookUp {
  return <Name extends string>(...names: Name[]) => {
    const missing = names.filter((name) => !environment[name]);
    if (missing.length > 0) throw new Fault(`Set ${missing.join(', ')}: the system to talk to.`);
    const { BASE_URL } = environment;
    if (BASE_URL && !/^https?:$/.test(URL.parse(BASE_URL)?.protocol ?? '')) {
      throw new Fault(`BASE_URL is no URL: "${BASE_URL}"`);
    }
    return Object.fromEntries(names.map((name) => [name, environment[name]])) as Record<Name, string>;
  };
}
