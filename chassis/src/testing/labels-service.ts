/** A service with two keyed writes: the example of reliable/idempotency/README.md, tested by keyed-writes.int.test.ts. */

import type { LeasedRequest } from '../reliable/idempotency/claim-leases.ts';
import { type IdempotencyDeps, idempotently, type KeyedReply } from '../reliable/idempotency/idempotently.ts';
import type { KeyedRequest } from '../reliable/idempotency/keyed-request.ts';
import { completeLeased, type LeasedCall, type LeasedReply, underLease } from '../reliable/idempotency/under-lease.ts';
import type { Connections, Queryable } from '../reliable/postgres/connections.ts';
import { type Reply, toReply } from '../reliable/refusal.ts';

export async function createTables(q: Queryable): Promise<void> {
  await q.query(/* sql */ `
    CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY, text text NOT NULL);
    CREATE TABLE labels (
      id uuid PRIMARY KEY, text text NOT NULL, client_id text NOT NULL, key text NOT NULL,
      sheet integer, -- NULL: not printed, as far as we know
      ask_at timestamptz, -- when the completer asks the printer again
      UNIQUE (client_id, key)
    );
    CREATE INDEX ON labels (ask_at) WHERE sheet IS NULL`);
}

export async function addNote(deps: IdempotencyDeps, request: KeyedRequest, text: string): Promise<KeyedReply> {
  return idempotently(deps, request, async (trx) => {
    const { rows } = await trx.query('INSERT INTO notes (text) VALUES ($1) RETURNING id', [text]);
    return toReply(201, { id: rows[0].id, text });
  });
}

export interface Label {
  id: string;
  text: string;
}

/** The called system. It prints once per id, however often it is called; undefined if the outcome is unknown. */
export interface Printer {
  print(label: Label): Promise<{ sheet: number } | undefined>;
}

function printing(printer: Printer): LeasedCall<Label, { sheet: number }> {
  return {
    async find(q, id) {
      const { rows } = await q.query<Label>('SELECT id, text FROM labels WHERE id = $1', [id]);
      return rows[0];
    },
    call: (label) => printer.print(label),
    async complete(trx, { id, text }, { sheet }) {
      await trx.query('UPDATE labels SET sheet = $2 WHERE id = $1', [id, sheet]);
      return toReply(201, { id, text, sheet });
    },
    accepted: ({ id, text }): Reply => toReply(202, { id, text }),
  };
}

export interface LabelDeps extends IdempotencyDeps {
  printer: Printer;
}

export async function printLabel(deps: LabelDeps, request: LeasedRequest, text: string): Promise<LeasedReply> {
  return underLease(deps, request, {
    ...printing(deps.printer),
    async begin(trx, id) {
      await trx.query(
        `INSERT INTO labels (id, text, client_id, key, ask_at) VALUES ($1, $2, $3, $4, now() + interval '5 seconds')`,
        [id, text, request.clientId, request.key],
      );
      return { resource: { id, text } };
    },
  });
}

/** One run of the completer, to be called every second. */
export async function completeLabels({ pool, printer }: { pool: Connections; printer: Printer }): Promise<void> {
  const { rows } = await pool.query<{ resourceId: string; clientId: string; key: string }>(/* sql */ `
    UPDATE labels SET ask_at = now() + interval '30 seconds'
    WHERE id IN (SELECT id FROM labels WHERE sheet IS NULL AND ask_at <= now() LIMIT 100 FOR UPDATE SKIP LOCKED)
    RETURNING id AS "resourceId", client_id AS "clientId", key`);
  for (const name of rows) await completeLeased(pool, name, printing(printer));
}
