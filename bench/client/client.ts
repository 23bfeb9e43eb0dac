/** The clients, in a separate process, so that they take no time from the services' event loops. */
import { connect, type Exchange, exchange } from '@shop/e2e/load/exchange.ts';
import type { Pool } from 'undici';
import type { Job } from './job.ts';
import { type Done, serveJobs } from './load-process.ts';
import { requestOf, saleOf } from './requests.ts';

// An open load may have any number of running requests. Those beyond this limit wait here, which counts as response
// time.
const OPEN_CONNECTIONS = 512;

serveJobs({
  async open(job) {
    const perClient = job.work.kind === 'twins' ? 2 : 1;
    const connections = 'clients' in job.arrivals ? job.arrivals.clients * perClient : OPEN_CONNECTIONS;
    const pools = job.targets.map((target) => connect(target, Math.ceil(connections / job.targets.length)));
    const act = job.work.kind === 'twins' ? twins(job, pools) : single(job, pools);
    return { act, close: async () => void (await Promise.all(pools.map((pool) => pool.destroy()))) };
  },
});

function single(job: Job, pools: readonly Pool[]) {
  return async (n: number): Promise<Done> => {
    const answer = await exchange(pools[n % pools.length] as Pool, requestOf(job, n));
    return { name: nameOf(answer), location: answer.headers.location?.toString(), weight: saleOf(job, n)?.lines };
  };
}

/** Sends the same request twice concurrently, to two processes if there are two. */
function twins(job: Job, pools: readonly Pool[]) {
  return async (n: number): Promise<Done> => {
    const request = requestOf(job, n);
    const answers = await Promise.all(
      [n, n + 1].map((turn) => exchange(pools[turn % pools.length] as Pool, { ...request })),
    );
    return { name: answers.map(nameOf).sort().join('+') };
  };
}

function nameOf({ status, code }: Exchange): string {
  return [status || undefined, code].filter((part) => part !== undefined).join(' ');
}
