import { Fault } from '@shop/chassis/base/fault.ts';
import type { Gateway } from '../gateway.ts';

/** The system that receives the orders. */
export interface Target {
  baseUrl: string;
  storefrontKey: string;
  backofficeKey: string;
}

/** Refuses to start if the gateway does not respond or a key is invalid. A service may be down: it can come back. */
export async function requireReachable(gateway: Gateway, target: Target): Promise<void> {
  const { answer, ...failed } = await gateway.attempt({ method: 'GET', path: '/', apiKey: '' });
  if (!answer) {
    const cause = 'cause' in failed ? failed.cause : '';
    throw new Fault(`The system at ${target.baseUrl} does not respond (${cause}). Is it running? npm start`);
  }
  const keys = { STOREFRONT_KEY: target.storefrontKey, BACKOFFICE_KEY: target.backofficeKey };
  for (const [name, apiKey] of Object.entries(keys)) {
    const { answer } = await gateway.attempt({ method: 'GET', path: '/orders?limit=1', apiKey });
    if (answer && answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
      throw new Fault(`${target.baseUrl} refuses the ${name}: the response to GET /orders is ${answer.status}.`);
    }
  }
}
