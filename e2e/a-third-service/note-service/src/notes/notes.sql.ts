import type { Transaction } from '@shop/chassis/base/db/pool.ts';

export interface Note {
  id: string;
  orderId: string;
  text: string;
}

/** Insert notes with one statement. */
export async function insertNotes(trx: Transaction, notes: readonly Note[]): Promise<void> {
  await trx.query('INSERT INTO notes (id, order_id, text) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])', [
    notes.map(({ id }) => id),
    notes.map(({ orderId }) => orderId),
    notes.map(({ text }) => text),
  ]);
}
