import type pg from 'pg';
import type { DatabaseFault } from '../../reliable/postgres/faults.ts';

/** Its session was given up by us: no news for the log. */
export class RetiredSession extends Error {}

/**
 * Let sessions leave their pool when what they reported says that they should. One that is in use leaves when it is
 * released, so that its transaction still ends in order.
 */
export function retireSessions(pool: pg.Pool): (client: pg.Client, fault: DatabaseFault) => void {
  const idle = new Set<pg.PoolClient>();
  const used = new Set<pg.PoolClient>();
  const leaving = new WeakSet<object>();
  pool.on('acquire', (client) => {
    idle.delete(client);
    used.add(client);
  });
  pool.on('release', (_error, client) => {
    used.delete(client);
    // The pool drops a client that is ending instead of taking it back.
    if (leaving.has(client)) void (client as unknown as pg.Client).end();
    else idle.add(client);
  });
  pool.on('remove', (client) => {
    idle.delete(client);
    used.delete(client);
  });

  return (client, { session }) => {
    if (session !== 'stays') leaving.add(client);
    if (session !== 'all leave') return;
    for (const one of used) leaving.add(one);
    // As if the connection had broken: the pool replaces it.
    for (const one of idle) one.emit('error', new RetiredSession('retired'));
  };
}
