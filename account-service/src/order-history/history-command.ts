import { UsageError } from '@shop/chassis/base/fault.ts';
import { createLogger } from '@shop/chassis/base/telemetry/log.ts';
import { withDatabase } from '@shop/chassis/service/with-database.ts';
import { createOrderSource } from './order-source.ts';
import { rebuildHistory } from './rebuild-history.ts';

const help = `history rebuild    read all orders of shoppers from order-service into their histories, beside the running service.
                   Safe to repeat. An interrupted one goes on where it was; --restart begins with the first order`;

/** Where account-service keeps the histories, and where it reads the orders. */
export interface HistoryAt {
  databaseUrl: string;
  orderUrls: readonly string[];
  orderToken: string;
}

const SHOWN_EVERY_MS = 2_000;

/** `history rebuild [--restart]`: returns the exit code. */
export async function historyCommand(args: readonly string[], at: () => HistoryAt): Promise<number> {
  const [command, ...options] = args;
  if (command === '--help' || command === '-h') {
    console.log(help);
    return 0;
  }
  if (command !== 'rebuild' || options.some((option) => option !== '--restart')) {
    throw new UsageError(`history takes rebuild, not "${args.join(' ')}"\n${help}`);
  }
  const { databaseUrl, orderUrls, orderToken } = at();
  const log = createLogger('account-service', 'silent');
  const orders = createOrderSource({ urls: orderUrls, internalToken: orderToken, log });
  const began = performance.now();
  let shownAt = began;
  let first: number | undefined;
  try {
    const { done, written } = await withDatabase('account-service', databaseUrl, (pool) =>
      rebuildHistory({
        pool,
        orders,
        restart: options.length > 0,
        signal: new AbortController().signal,
        onPage({ done }) {
          first ??= done;
          if (performance.now() - shownAt < SHOWN_EVERY_MS) return;
          shownAt = performance.now();
          console.log(`${done} orders read, ${perSecond(done - first, shownAt - began)} orders/s`);
        },
      }),
    );
    console.log(`${done} orders read, ${written} of them were newer than the history`);
  } finally {
    await orders.close();
  }
  return 0;
}

function perSecond(count: number, ms: number): number {
  return Math.round((count * 1_000) / ms);
}
