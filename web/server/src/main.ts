/**
 * The server of the pages: the files of a bundle that `web/bundle.ts` built. It has no state and no secrets. Its variables are BUNDLE
 * (the folder), HOST, PORT and DRAIN_SECONDS.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { startPages } from './pages.ts';

const { BUNDLE = '', HOST = '0.0.0.0', PORT = '3000', DRAIN_SECONDS = '4' } = process.env;

const pages = await startPages({ bundle: BUNDLE, host: HOST, port: Number(PORT) });
log('pages are served', { port: pages.port });

let isStopping = false;
async function stop(signal: NodeJS.Signals): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  log('stopping', { signal });
  pages.drain();
  // By then the gateway, which checks every second, has noticed and sends no more requests. An interrupt comes when it is gone.
  if (signal === 'SIGTERM') await delay(Number(DRAIN_SECONDS) * 1_000);
  await pages.close();
}
process.on('SIGTERM', (signal) => void stop(signal));
process.on('SIGINT', (signal) => void stop(signal));

/** In the format of the services' logs. */
function log(msg: string, fields: object): void {
  console.log(JSON.stringify({ level: 'info', time: new Date().toISOString(), service: 'web', ...fields, msg }));
}
