import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { closeServer } from '@shop/chassis/testing/close-server.ts';
import { connectGateway, type Gateway, makeProgressTimeout } from '../gateway.ts';
import type { OrderRequest } from './order-request.ts';
import { placeSales } from './place-sales.ts';
import { planSendings } from './sendings.ts';
import { emptyTally } from './tally.ts';

/**
 * A server with scripted responses to POST /orders: faults of the network and of an overloaded system, which a real
 * system does not produce on demand.
 */
type Step = (res: ServerResponse) => void;
let steps: Step[];
let pendingIds: string[];
let most: number;
let server: Server;
let gateway: Gateway;

beforeEach(async () => {
  [steps, pendingIds, most] = [[], [], 0];
  let running = 0;
  server = createServer((req, res) => {
    if (req.method === 'GET') {
      res.end(JSON.stringify({ items: pendingIds.map((id) => ({ id })) }));
      pendingIds = [];
      return;
    }
    running += 1;
    most = Math.max(most, running);
    res.once('close', () => {
      running -= 1;
    });
    req.resume().once('end', () => (steps.shift() ?? answer(500, {}))(res));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  atEnd(() => closeServer(server));
  gateway = connectGateway(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 20);
  atEnd(() => gateway.close());
});

const answer =
  (status: number, body: object, headers: Record<string, string> = {}): Step =>
  (res) =>
    res.writeHead(status, headers).end(JSON.stringify(body));
const hangUp: Step = (res) => res.destroy();
const confirmed = (id = 'one') => answer(201, { id, status: 'confirmed' });
const replayed = answer(201, { id: 'one', status: 'confirmed' }, { 'Idempotent-Replayed': 'true' });

async function place(sales: number, duplicates = false, concurrency = 4) {
  const requests = Array.from(
    { length: sales },
    (_, index): OrderRequest => ({ key: `k-${index}`, customerId: 'c', body: '{}', lines: [], invalid: [] }),
  );
  const tally = emptyTally();
  const answers = await placeSales({
    gateway,
    storefrontKey: 'key',
    requests,
    // All duplicates are sent at once.
    sendings: planSendings(sales, duplicates, () => 0),
    concurrency,
    timeout: makeProgressTimeout(10_000),
    tally,
  });
  return { answers, tally };
}

describe('placeSales', () => {
  it('repeats after a lost connection and a 5xx, and keeps the final response', async () => {
    steps = [hangUp, answer(502, {}), confirmed()];
    const { answers, tally } = await place(1);
    expect(answers).toEqual([[expect.objectContaining({ status: 201, orderId: 'one', replayed: false })]]);
    expect(Object.fromEntries(tally.repeats)).toEqual({ 'connection lost': 1, '502': 1 });
    expect(tally).toMatchObject({ sent: 3, outcomes: { confirmed: 1 } });
  });

  it('waits after a 202 until the order is decided, then requests the final response', async () => {
    steps = [answer(202, { id: 'one', status: 'pending' }), replayed];
    pendingIds = ['one'];
    const { answers, tally } = await place(1);
    expect(answers[0]).toMatchObject([{ status: 201, replayed: true }]);
    expect(tally).toMatchObject({ accepted: 1, acceptedOrders: 1, pending: 0, replays: 1 });
    // Listed as pending once, so decided at the second poll.
    expect(tally.deciding.min).toBeGreaterThan(900_000);
  });

  it('does not delay other orders while a twin waits', async () => {
    const inProgress = answer(409, { code: 'request-in-progress' }, { 'Retry-After': '1' });
    steps = [confirmed(), inProgress, confirmed('two'), confirmed('two'), replayed];
    const { answers, tally } = await place(2, true, 1);
    expect(answers.map((of) => of.map((one) => one.orderId))).toEqual([
      ['one', 'one'],
      ['two', 'two'],
    ]);
    expect(Object.fromEntries(tally.repeats)).toEqual({ 'request-in-progress': 1 });
    expect(tally.outcomes.confirmed).toBe(2);
  });

  it('treats responses as equal if they differ only in members that are not stored', async () => {
    const refused = (traceId: string) =>
      answer(400, { code: 'validation-failed', traceId, errors: [{ pointer: '/lines', detail: 'bad' }] });
    steps = [refused('a'), refused('b')];
    const { answers } = await place(1, true, 1);
    expect(answers[0]?.[0]).toMatchObject({ status: 400, errors: [{ pointer: '/lines', detail: 'bad' }] });
    expect(answers[0]?.[0]?.content).toBe(answers[0]?.[1]?.content);
  });

  it('detects responses that differ in stored members', async () => {
    steps = [confirmed(), answer(201, { id: 'one', status: 'confirmed', version: 2 })];
    const { answers } = await place(1, true, 1);
    expect(answers[0]?.[0]?.content).not.toBe(answers[0]?.[1]?.content);
  });

  it('does not exceed the limit of concurrent requests', async () => {
    steps = Array.from({ length: 40 }, (_, index) => (res: ServerResponse) => {
      setImmediate(() => confirmed(String(index))(res));
    });
    await place(20, true, 3);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
  });
});
