/** One feed, read and sequenced by several processes on one database. */
import { randomBytes } from 'node:crypto';
import knex from 'knex';
import pg from 'pg';
import { atEnd } from '../../testing/at-end.ts';
import { databaseUrl, testServerUrl } from '../../testing/database.ts';
import { eventually } from '../../testing/eventually.ts';
import { patientPool } from '../../testing/patient-pool.ts';
import { withClient } from '../../testing/with-client.ts';
import type { Connections, Queryable } from '../postgres/connections.ts';
import { type FeedDefinition, removeOldChanges, sequence } from './feed.sql.ts';
import { createFeed, type Feed } from './feed.ts';
import { createFeedTablesV1 } from './feed-table.ts';
import type { Position } from './position.ts';

interface Thing {
  subject: string;
  version: number;
}
const things: FeedDefinition<Thing> = {
  name: 'things',
  columns: ['subject', 'version'],
  select: 'c.subject, c.version',
};

const never = new AbortController().signal;
const onServer = (sql: string) => withClient(testServerUrl(), (client) => client.query(sql));

/** A database with a feed. `replaceBy` puts a copy in its place, as a restore does; what uses it goes on. */
async function createFeedDatabase() {
  const names: string[] = [];
  const newName = () => {
    const name = `feed_${randomBytes(6).toString('hex')}`;
    names.push(name);
    return name;
  };
  const first = newName();
  await onServer(`CREATE DATABASE ${first}`);
  const db = knex({ client: 'pg', connection: databaseUrl(first), pool: { min: 0, max: 1 } });
  const columns = 'subject text NOT NULL, version integer NOT NULL';
  await createFeedTablesV1(db, { name: 'things', columns, role: 'CURRENT_USER', about: 'Things' });
  await db.destroy();
  let present = first;
  let pool = patientPool(databaseUrl(first));
  atEnd(async () => {
    await pool.end();
    for (const name of names) await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
  });
  const connections: Connections = {
    connect: () => pool.connect(),
    query: ((...statement: Parameters<Queryable['query']>) => pool.query(...statement)) as Queryable['query'],
  };
  return {
    pool: connections,
    url: () => databaseUrl(present),
    async dump(): Promise<string> {
      const copy = newName();
      await pool.end();
      await onServer(`CREATE DATABASE ${copy} TEMPLATE ${present}`);
      pool = patientPool(databaseUrl(present));
      return copy;
    },
    async replaceBy(copy: string): Promise<void> {
      await pool.end();
      present = copy;
      pool = patientPool(databaseUrl(copy));
    },
  };
}
type FeedDatabase = Awaited<ReturnType<typeof createFeedDatabase>>;

let database: FeedDatabase;
beforeEach(async () => {
  database = await createFeedDatabase();
});

/** The feed of one process. */
function aProcess(): Feed<Thing> {
  const { pool } = database;
  return createFeed(things, { pool, requestPool: pool, metrics: { feedWaiting: { set: () => {} } } });
}

const insert = (q: Queryable, subject: string, version = 1) =>
  q.query('INSERT INTO things_queue (subject, version, at) VALUES ($1, $2, now())', [subject, version]);

/** A follower that keeps what it gets. */
async function follow(feed: Feed<Thing>, after?: Position) {
  const gone = new AbortController();
  atEnd(() => gone.abort());
  const got: string[] = [];
  const resets: Position[] = [];
  const places: Position[] = [];
  await feed.follow(
    after,
    {
      deliver(changes, epoch) {
        got.push(...changes.map(({ subject, version }) => `${subject} ${version}`));
        places.push(...changes.map(({ position }) => ({ epoch, number: position })));
      },
      reset(position) {
        resets.push(position);
        places.push(position);
      },
      drained: async () => {},
      gone: gone.signal,
    },
    (position) => places.push(position),
  );
  return { got, resets, places, last: () => places.at(-1) as Position, leave: () => gone.abort() };
}

describe('the sequencer', () => {
  it('gives a transaction that commits late a later position, and loses none', async () => {
    const feed = aProcess();
    const follower = await follow(feed);
    await withClient(database.url(), async (late) => {
      await late.query('BEGIN');
      await insert(late, 'late');
      await insert(database.pool, 'early');
      await feed.round(never);
      expect(follower.got).toEqual(['early 1']);
      await late.query('COMMIT');
    });
    await feed.round(never);
    expect(follower.got).toEqual(['early 1', 'late 1']);
    expect(follower.places.map(({ number }) => number)).toEqual([0, 1, 2]);
  });

  it('passes over what was rolled back', async () => {
    const feed = aProcess();
    const follower = await follow(feed);
    await withClient(database.url(), async (client) => {
      await client.query('BEGIN');
      await insert(client, 'undone');
      await client.query('ROLLBACK');
    });
    await insert(database.pool, 'done');
    await feed.round(never);
    expect(follower.places.map(({ number }) => number)).toEqual([0, 1]);
    expect(follower.got).toEqual(['done 1']);
  });

  it('numbers without gaps and in the order of versions, in several processes at once', async () => {
    const feeds = [aProcess(), aProcess(), aProcess()];
    const followers = await Promise.all(feeds.map((feed) => follow(feed)));
    const subjects = Array.from({ length: 40 }, (_, n) => `s${n}`);
    let isWriting = true;
    const sequencing = feeds.map(async (feed) => {
      while (isWriting) await feed.round(never);
    });
    await Promise.all(
      subjects.map(async (subject) => {
        for (let version = 1; version <= 5; version += 1) await insert(database.pool, subject, version);
      }),
    );
    isWriting = false;
    await Promise.all(sequencing);
    for (const feed of feeds) await feed.round(never);
    const [first, ...others] = followers;
    for (const { got } of others) expect(got).toEqual(first?.got);
    expect(first?.places.map(({ number }) => number)).toEqual(Array.from({ length: 201 }, (_, n) => n));
    for (const subject of subjects) {
      const own = first?.got.filter((change) => change.startsWith(`${subject} `));
      expect(own).toEqual([1, 2, 3, 4, 5].map((version) => `${subject} ${version}`));
    }
  });

  it('leaves the work to the process that has the lock, and takes over when that one dies', async () => {
    const feed = aProcess();
    const follower = await follow(feed);
    await insert(database.pool, 'waits');
    const holder = new pg.Client(database.url());
    holder.on('error', () => {});
    await holder.connect();
    await holder.query("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('things', 0))");
    const { rows } = await holder.query('SELECT pg_backend_pid() AS pid');
    await feed.round(never);
    expect(follower.got).toEqual([]);
    await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
    await eventually(async () => {
      await feed.round(never);
      return follower.got.length > 0 || undefined;
    });
    expect(follower.got).toEqual(['waits 1']);
  });

  it('works off more than it takes at once', async () => {
    const feed = aProcess();
    const follower = await follow(feed);
    await database.pool.query(
      "INSERT INTO things_queue (subject, version, at) SELECT 's', n, now() FROM generate_series(1, 2500) AS n",
    );
    await feed.round(never);
    expect(follower.got).toEqual(Array.from({ length: 2_500 }, (_, n) => `s ${n + 1}`));
  });
});

describe('a follower', () => {
  it('gets what comes after it, and not what was there before', async () => {
    const feed = aProcess();
    await insert(database.pool, 'before');
    await feed.round(never);
    const follower = await follow(feed);
    await insert(database.pool, 'after');
    await feed.round(never);
    expect(follower.got).toEqual(['after 1']);
  });

  it('resumes at another process while changes come, without gaps or repeats', async () => {
    const [one, other] = [aProcess(), aProcess()];
    const first = await follow(one);
    await insert(database.pool, 'a', 1);
    await one.round(never);
    first.leave();
    await database.pool.query(
      "INSERT INTO things_queue (subject, version, at) SELECT 'a', n, now() FROM generate_series(2, 1300) AS n",
    );
    // The other process has somebody who keeps its reader going.
    const beside = await follow(other);
    await other.round(never);
    const [second] = await Promise.all([
      follow(other, first.last()),
      insert(database.pool, 'a', 1_301).then(() => other.round(never)),
    ]);
    await insert(database.pool, 'a', 1_302);
    await other.round(never);
    expect([...first.got, ...second.got]).toEqual(Array.from({ length: 1_302 }, (_, n) => `a ${n + 1}`));
    expect(beside.got).toHaveLength(1_301);
  });

  it('gets the same from a process that has never had a follower', async () => {
    const feed = aProcess();
    const first = await follow(feed);
    const [begin] = first.places;
    await insert(database.pool, 'a');
    await insert(database.pool, 'b');
    await feed.round(never);
    expect((await follow(aProcess(), begin)).got).toEqual(first.got);
    expect((await follow(aProcess(), first.places[1])).got).toEqual(['b 1']);
    expect((await follow(aProcess(), first.last())).got).toEqual([]);
  });

  it('is reset when what it misses is not kept, and goes on from there', async () => {
    const feed = aProcess();
    const first = await follow(feed);
    const [begin] = first.places;
    for (const subject of ['a', 'b', 'c']) await insert(database.pool, subject);
    await feed.round(never);
    expect(await removeOldChanges(database.pool, things, 10, { hours: 24, rows: 1 })).toBe(2);
    const follower = await follow(feed, begin);
    expect(follower.resets).toEqual([first.last()]);
    await insert(database.pool, 'd');
    await feed.round(never);
    expect(follower.got).toEqual(['d 1']);
    // What is kept can be resumed from, the place before the oldest change too.
    expect((await follow(feed, first.places[2])).got).toEqual(['c 1', 'd 1']);
  });

  it.each([
    ['an epoch that never was', { epoch: '0123456789ab', number: 0 }],
    ['a number that was not given out', { epoch: '', number: 7 }],
  ])('is reset when it comes with %s', async (_what, { epoch, number }) => {
    const feed = aProcess();
    const { places } = await follow(feed);
    const [now] = places;
    const follower = await follow(feed, { epoch: epoch || (now?.epoch ?? ''), number });
    expect(follower.resets).toEqual([now]);
  });
});

describe('after a restore', () => {
  it('what was lost is reset, what was kept is resumed, and numbers that come again are told apart', async () => {
    const feed = aProcess();
    const old = await follow(feed);
    await insert(database.pool, 'kept');
    await feed.round(never);
    const kept = old.last();
    const dump = await database.dump();
    await insert(database.pool, 'lost');
    await feed.round(never);
    const lost = old.last();
    const behind = await follow(aProcess(), kept);
    expect(behind.got).toEqual(['lost 1']);

    await database.replaceBy(dump);
    await insert(database.pool, 'new');
    await feed.round(never);
    // It had read more than there is, so it begins again at the end.
    expect(old.resets).toHaveLength(1);
    expect(old.last().epoch).not.toBe(lost.epoch);
    expect((await follow(aProcess(), kept)).got).toEqual(['new 1']);
    const late = await follow(aProcess(), lost);
    expect([late.resets.length, late.got]).toEqual([1, []]);
    await insert(database.pool, 'newer');
    await feed.round(never);
    expect(old.got).toEqual(['kept 1', 'lost 1', 'newer 1']);
  });

  it('a follower that had read no more than was restored goes on', async () => {
    const feed = aProcess();
    const follower = await follow(feed);
    await insert(database.pool, 'kept');
    await feed.round(never);
    await database.replaceBy(await database.dump());
    await insert(database.pool, 'new');
    await feed.round(never);
    expect([follower.got, follower.resets]).toEqual([['kept 1', 'new 1'], []]);
    expect((await follow(feed, follower.last())).resets).toEqual([]);
  });
});

describe('removeOldChanges', () => {
  const positions = async () =>
    (await database.pool.query('SELECT position::integer FROM things ORDER BY 1')).rows.map((row) => row.position);

  beforeEach(async () => {
    for (const subject of ['a', 'b', 'c', 'd']) await insert(database.pool, subject);
    await sequence(database.pool, things);
  });

  it('keeps so many of the newest', async () => {
    expect(await removeOldChanges(database.pool, things, 10, { hours: 24, rows: 3 })).toBe(1);
    expect(await positions()).toEqual([2, 3, 4]);
  });

  it('removes what is too old, but never the last one, behind which the numbers go on', async () => {
    await database.pool.query("UPDATE things SET sequenced_at = now() - interval '25 hours'");
    expect(await removeOldChanges(database.pool, things, 2)).toBe(2);
    expect(await removeOldChanges(database.pool, things, 10)).toBe(1);
    expect(await positions()).toEqual([4]);
    await insert(database.pool, 'e');
    await sequence(database.pool, things);
    expect(await positions()).toEqual([4, 5]);
  });
});
