import type pg from 'pg';
import type { DatabaseFault } from '../../reliable/postgres/faults.ts';

/** The pool's reaction to a session that was retired on purpose; not logged. */
export class RetiredSession extends Error {}

/**
 * Remove sessions from the pool according to the error that they reported. A session in use is removed when it is released, so
 * that its transaction ends normally.
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
    // The pool discards a client that is ending.
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
    // Treated by the pool like a failed connection, which it replaces.
    for (const one of idle) one.emit('error', new RetiredSession('retired'));
  };
}
