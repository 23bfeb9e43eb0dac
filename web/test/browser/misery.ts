/** What goes wrong in a night: services are killed and started again, and calls of a page are lost. */
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@shop/chassis/testing/eventually.ts';
import type { BrowserContext } from 'playwright-core';
import type { System } from '../../../e2e/system.ts';

// Long enough to do something between two outages, short enough that each step meets one.
const CALM_MS = 2_500;
const DOWN_MS = 500;

interface Killing {
  /** Resolves when a service has just been killed for the n-th time. */
  times: (count: number) => Promise<void>;
  stop: () => Promise<void>;
}

/** Kills the services in turn until it is stopped, which leaves them running. */
export function killInTurn(system: System): Killing {
  let isOver = false;
  let kills = 0;
  const killing = (async () => {
    while (!isOver) {
      const service = kills % 2 === 0 ? 'inventory' : 'orders';
      const part = service === 'orders' ? 'order' : service;
      await system.control('kill', part);
      kills += 1;
      await delay(DOWN_MS);
      await system.control('start', part);
      await eventually(async () => (await fetch(`${system.env.BASE_URL}/health/${service}`)).ok || undefined);
      await delay(CALM_MS);
    }
  })();
  killing.catch(() => {}); // until `stop` is called, which reports it
  return {
    async times(count) {
      await eventually(() => kills >= count || undefined);
    },
    stop() {
      isOver = true;
      return killing;
    },
  };
}

/** Of the calls of these pages, every fourth is lost: in turn before it arrives, and after it had its effect. */
export async function loseCalls(context: BrowserContext): Promise<{ count: () => number }> {
  let calls = 0;
  let lost = 0;
  await context.route(/\/(orders|operations|products|reservations)\b/, async (route) => {
    if (new URL(route.request().url()).pathname.startsWith('/console')) return route.continue();
    calls += 1;
    if (calls % 4 !== 0) return route.continue();
    lost += 1;
    if (lost % 2 === 0) await route.fetch().catch(() => undefined);
    return route.abort('connectionreset');
  });
  return { count: () => lost };
}
