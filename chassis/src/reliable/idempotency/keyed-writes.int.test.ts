/** The two kinds of keyed writes, by a service with tables of its own: testing/labels-service.ts. */
import type { Pool } from '../../base/db/pool.ts';
import { createMetrics } from '../../base/telemetry/metrics.ts';
import { atEnd } from '../../testing/at-end.ts';
import { eventually } from '../../testing/eventually.ts';
import { allKeys, endLeasesIn, expireLeases } from '../../testing/idempotency-keys.ts';
import {
  addNote,
  completeLabels,
  createTables,
  type Label,
  type Printer,
  printLabel,
} from '../../testing/labels-service.ts';
import { createMessagingDatabase, type MessagingDatabase } from '../../testing/messaging-database.ts';
import { type Fingerprint, fingerprintOf } from './fingerprint.ts';

let database: MessagingDatabase;
beforeAll(async () => {
  database = await createMessagingDatabase();
  atEnd(() => database.drop());
  await createTables(database.pool);
});
beforeEach(() => database.pool.query('TRUNCATE idempotency_keys, notes, labels'));

/** Prints each label once, whoever asks how often; `answer` may hold an answer back or lose it. */
function aPrinter(answer: (printed: { sheet: number }) => Promise<{ sheet: number } | undefined> = async (it) => it) {
  const sheets = new Map<string, number>();
  const printer: Printer = {
    print({ id }: Label) {
      if (!sheets.has(id)) sheets.set(id, sheets.size + 1);
      return answer({ sheet: sheets.get(id) ?? 0 });
    },
  };
  return { printer, sheets };
}

function aProcess({ printer = aPrinter().printer, pool = database.pool as Pool } = {}) {
  const replays = { count: () => {}, stop: async () => {} };
  const metrics = createMetrics('labels', 'test');
  return { pool, metrics, replays, printer, findKeptFingerprint: async () => undefined };
}

const fingerprintOfText = (text: string): Fingerprint =>
  fingerprintOf({ id: 'printLabel', forms: { 1: (asked: string) => asked }, writes: 1 }, text);
const aRequest = (key: string, text = 'fragile') => ({
  clientId: 'c',
  key,
  fingerprint: fingerprintOfText(text),
  deadline: performance.now() + 60_000,
});
const print = async (process: ReturnType<typeof aProcess>, key: string, text = 'fragile') => {
  const { reply, result } = await printLabel(process, aRequest(key, text), text);
  return { status: reply.status, result, ...JSON.parse(reply.body) };
};
const labels = async () => (await database.pool.query('SELECT id, sheet FROM labels')).rows;
const dueNow = () => database.pool.query('UPDATE labels SET ask_at = now()');

describe('a write that is one transaction', () => {
  it('has its effect once, also for twins, and gives its answer again', async () => {
    const process = aProcess();
    const answers = await Promise.all(Array.from({ length: 5 }, () => addNote(process, aRequest('k'), 'fragile')));
    expect(new Set(answers.map(({ reply }) => reply.body)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect((await database.pool.query('SELECT FROM notes')).rowCount).toBe(1);
  });
});

describe('a write under a lease', () => {
  it('calls once, stores the outcome with the answer, and gives it again', async () => {
    const { printer, sheets } = aPrinter();
    const process = aProcess({ printer });
    const first = await print(process, 'k');
    expect(first).toMatchObject({ status: 201, result: 'executed', sheet: 1 });
    expect(await print(process, 'k')).toEqual({ ...first, result: 'replayed' });
    expect(await labels()).toEqual([{ id: first.id, sheet: 1 }]);
    expect(sheets.size).toBe(1);
  });

  it('refuses another request with its key, and a twin while the call goes on', async () => {
    const gate = Promise.withResolvers<void>();
    const called = Promise.withResolvers<void>();
    const { printer } = aPrinter(async (printed) => {
      called.resolve();
      await gate.promise;
      return printed;
    });
    const process = aProcess({ printer });
    const first = print(process, 'k');
    await called.promise;
    await expect(print(aProcess(), 'k')).rejects.toMatchObject({ refusal: { code: 'request-in-progress' } });
    await expect(print(aProcess(), 'k', 'other')).rejects.toMatchObject({
      refusal: { code: 'idempotency-key-reused' },
    });
    gate.resolve();
    expect(await first).toMatchObject({ status: 201 });
  });

  it('answers 202 when the outcome is unknown; the completer completes it, and a repeat gets its answer', async () => {
    const { printer, sheets } = aPrinter(async () => undefined);
    const first = await print(aProcess({ printer }), 'k');
    expect(first).toMatchObject({ status: 202, result: 'executed' });
    expect(await print(aProcess({ printer }), 'k')).toEqual({ ...first, result: 'in_progress' });
    await dueNow();
    await completeLabels(aProcess({ printer }));
    expect(await labels()).toEqual([{ id: first.id, sheet: null }]);
    await dueNow();
    const answering = { print: async ({ id }: Label) => ({ sheet: sheets.get(id) ?? 0 }) };
    await completeLabels(aProcess({ printer: answering }));
    expect(await labels()).toEqual([{ id: first.id, sheet: 1 }]);
    expect(await print(aProcess(), 'k')).toMatchObject({ status: 201, result: 'replayed', id: first.id, sheet: 1 });
  });

  it('is taken over with the same resource when its process died, once its lease is over', async () => {
    const { printer, sheets } = aPrinter();
    const dying = aProcess({ printer: { print: () => new Promise(() => {}) } });
    void print(dying, 'k');
    const label = await eventually(async () => (await labels())[0]);
    await expect(print(aProcess({ printer }), 'k')).rejects.toMatchObject({ refusal: { code: 'request-in-progress' } });
    await endLeasesIn(database.pool, 26); // as if its client had been answered by now
    expect(await print(aProcess({ printer }), 'k')).toMatchObject({ status: 202, result: 'in_progress', id: label.id });
    await expireLeases(database.pool);
    expect(await print(aProcess({ printer }), 'k')).toMatchObject({ status: 201, result: 'taken_over', id: label.id });
    expect([...sheets.keys()]).toEqual([label.id]);
    expect(await allKeys(database.pool)).toMatchObject([{ state: 'completed', token: 2 }]);
  });

  it('has no effect when it was overtaken, by a repeat or by the completer, and gives the answer that was stored', async () => {
    for (const overtake of [
      async () => {
        await expireLeases(database.pool);
        await print(aProcess({ printer: { print: async () => ({ sheet: 7 }) } }), 'k');
      },
      async () => {
        await dueNow();
        await completeLabels(aProcess({ printer: { print: async () => ({ sheet: 7 }) } }));
      },
    ]) {
      await database.pool.query('TRUNCATE idempotency_keys, labels');
      const frozen = aProcess({
        printer: {
          async print() {
            await overtake();
            return { sheet: 1 };
          },
        },
      });
      expect(await print(frozen, 'k')).toMatchObject({ status: 201, result: 'executed', sheet: 7 });
      expect(await labels()).toMatchObject([{ sheet: 7 }]);
    }
  });

  it('gives its lease back after a fault, so that a repeat goes on at once', async () => {
    const broken = aProcess({ printer: { print: () => Promise.reject(new Error('a bug')) } });
    await expect(print(broken, 'k')).rejects.toThrow('a bug');
    const [label] = await labels();
    expect(await print(aProcess(), 'k')).toMatchObject({ status: 201, result: 'taken_over', id: label.id });
  });

  it.each([
    ['the claim', 1],
    ['the completion', 2],
  ])('has its effect once when the answer to the commit of %s is lost', async (_what, nth) => {
    const { printer, sheets } = aPrinter();
    const answer = await print(aProcess({ printer, pool: losingCommit(nth) }), 'k');
    expect(answer).toMatchObject({ status: 201, result: 'executed', sheet: 1 });
    expect(await labels()).toEqual([{ id: answer.id, sheet: 1 }]);
    expect(sheets.size).toBe(1);
  });
});

/** The pool, but the connection breaks right after its n-th commit. */
function losingCommit(nth: number): Pool {
  let commits = 0;
  const connect = async () => {
    const client = await database.pool.connect();
    const query = async (...args: Parameters<typeof client.query>) => {
      const result = await client.query(...args);
      if (String(args[0]) === 'COMMIT' && ++commits === nth) {
        throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
      }
      return result;
    };
    return { query, release: (error?: Error) => client.release(error) };
  };
  const query = database.pool.query.bind(database.pool);
  return Object.assign(Object.create(database.pool), { connect, query }) as Pool;
}
