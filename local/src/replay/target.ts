import { scriptVariables } from '../addresses.ts';
import { Fault } from '../fault.ts';
import { readSystem } from '../start-system.ts';
import type { Gateway } from './gateway.ts';

export type Target = { baseUrl: string; storefrontKey: string; backofficeKey: string };

const names = ['BASE_URL', 'STOREFRONT_KEY', 'BACKOFFICE_KEY'] as const;

/** The system to replay against: what the environment names wins, the rest comes from the one started here. */
export function findTarget(environment: NodeJS.ProcessEnv): Target {
  const given = names.every((name) => environment[name]);
  const started: Record<string, string> = given ? {} : startedHere();
  const [baseUrl = '', storefrontKey = '', backofficeKey = ''] = names.map(
    (name) => environment[name] || started[name],
  );
  if (!/^https?:$/.test(URL.parse(baseUrl)?.protocol ?? '')) throw new Fault(`BASE_URL is no URL: "${baseUrl}"`);
  return { baseUrl, storefrontKey, backofficeKey };
}

function startedHere(): Record<string, string> {
  const { plan, secrets } = readSystem();
  return scriptVariables(plan, secrets);
}

/** Refuses to start when nobody answers or a key is wrong. A service that is down is no reason: it may come back. */
export async function requireReachable(gateway: Gateway, target: Target): Promise<void> {
  const { answer, ...failed } = await gateway.attempt({ method: 'GET', path: '/', apiKey: '' });
  if (!answer) {
    const cause = 'cause' in failed ? failed.cause : '';
    throw new Fault(`The system at ${target.baseUrl} does not answer (${cause}). Is it running? npm start`);
  }
  const keys = { STOREFRONT_KEY: target.storefrontKey, BACKOFFICE_KEY: target.backofficeKey };
  for (const [name, apiKey] of Object.entries(keys)) {
    const { answer } = await gateway.attempt({ method: 'GET', path: '/orders?limit=1', apiKey });
    if (answer && answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
      throw new Fault(`${target.baseUrl} refuses the ${name}: GET /orders is answered with ${answer.status}.`);
    }
  }
}
