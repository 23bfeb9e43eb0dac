import { v7 as uuidv7 } from 'uuid';
import type { Pool } from '../../base/db/pool.ts';
import { atEnd } from '../../testing/at-end.ts';
import { createMessagingDatabase } from '../../testing/messaging-database.ts';
import { BUCKETS, readDigests, readStates, type StateSource } from './digests.ts';

let pool: Pool;
beforeAll(async () => {
  const database = await createMessagingDatabase();
  atEnd(() => database.drop());
  pool = database.pool;
  for (const table of ['things', 'copies'])
    await pool.query(`CREATE TABLE ${table} (id uuid PRIMARY KEY, version integer NOT NULL, status text NOT NULL)`);
  for (let n = 0; n < 1_000; n += 1) await pool.query(`INSERT INTO things VALUES ($1, $2, 'new')`, [uuidv7(), n]);
  await pool.query('INSERT INTO copies SELECT * FROM things ORDER BY version DESC');
});
const sourceOf = (table: string): StateSource => ({
  name: table,
  page: `SELECT id, version, status FROM ${table} WHERE id > $1::uuid ORDER BY id LIMIT $2`,
});
const [things, copies] = [sourceOf('things'), sourceOf('copies')];

it.each([1_000, 999, 7])('are the same whatever the pages (%i rows) and the order of the rows', async (page) => {
  const digests = await readDigests(pool, things);
  expect(digests).toHaveLength(BUCKETS);
  expect(await readDigests(pool, copies, page)).toEqual(digests);
});

it.each(['version = version + 1', `status = 'old'`])('differ where %s', async (change) => {
  const before = await readDigests(pool, things);
  const { rows } = await pool.query(
    `UPDATE things SET ${change} WHERE id = (SELECT id FROM things LIMIT 1) RETURNING id`,
  );
  const after = await readDigests(pool, things);
  const differing = after.flatMap((digest, bucket) => (digest === before[bucket] ? [] : [bucket]));
  expect(differing).toEqual([Number.parseInt(rows[0].id.slice(-2), 16)]);
});

it('are of one snapshot', async () => {
  const before = await readDigests(pool, copies);
  const reading = readDigests(pool, copies, 10);
  await pool.query(`UPDATE copies SET status = 'changed'`);
  const read = await reading;
  expect([before, await readDigests(pool, copies)]).toContainEqual(read);
});

it.each([5_000, 100])(
  'lists the states of some buckets in the order of their ids, in pages of %i rows',
  async (page) => {
    const buckets = [0, 17, 255];
    const found: string[] = [];
    for (let after: string | undefined, isLast = false; !isLast; ) {
      const { items, next } = await readStates(pool, things, { buckets, after }, page);
      found.push(...items.map(({ id }) => id));
      [after, isLast] = [next, next === undefined];
    }
    const { rows } = await pool.query('SELECT id FROM things ORDER BY id');
    const all = rows.map(({ id }) => id as string);
    expect(found).toEqual(all.filter((id) => buckets.includes(Number.parseInt(id.slice(-2), 16))));
  },
);
