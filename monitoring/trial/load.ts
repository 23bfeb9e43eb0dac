import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { demoSku } from '@shop/operator/seed.ts';

type Variables = Record<string, string>;

/** Makes a few calls of every kind per second until it is stopped, and ignores failures. */
export function keepOrdering(variables: Variables): { stop(): Promise<void> } {
  const { BASE_URL = '', STOREFRONT_KEY = '', BACKOFFICE_KEY = '' } = variables;
  let stopped = false;
  let rounds = 0;

  async function call(
    apikey: string,
    method: string,
    path: string,
    body?: object,
    key: string = randomUUID(),
  ): Promise<string> {
    const headers = { apikey, 'content-type': 'application/json', ...(body && { 'idempotency-key': key }) };
    const request = { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(5_000) };
    // It may fail: parts are broken while it runs.
    const answer = await fetch(BASE_URL + path, request).catch(() => undefined);
    const order = await answer?.json().catch(() => undefined);
    return (order as { id?: string } | undefined)?.id ?? '';
  }
  const place = (sku: string, quantity: number, key?: string) => {
    const lines = [{ sku, quantity }];
    return call(STOREFRONT_KEY, 'POST', '/orders', { customerId: 'trial', currency: 'EUR', lines }, key);
  };

  async function round(): Promise<void> {
    const key: string = randomUUID();
    const id = await place(demoSku, 1, key);
    await place(demoSku, 1, key); // replayed
    if (rounds++ % 20 === 0) await place(demoSku, 2, key); // 422: more would be worth an alert
    await place('no-such-product', 1);
    await call(STOREFRONT_KEY, 'POST', `/orders/${id}/cancellation`, {});
    const shipped = await place(demoSku, 1);
    await call(BACKOFFICE_KEY, 'POST', `/orders/${shipped}/shipment`, { carrier: 'trial', trackingNumber: '1' });
    await call(BACKOFFICE_KEY, 'POST', `/products/${demoSku}/adjustments`, { delta: 2, reason: 'trial' });
    await call(STOREFRONT_KEY, 'GET', '/products?limit=1');
  }

  const running = (async () => {
    while (!stopped) await Promise.all([round(), delay(1_500)]);
  })();
  return {
    async stop() {
      stopped = true;
      await running;
    },
  };
}
