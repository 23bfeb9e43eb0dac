/** Selection of the process when one of them refuses connections, hangs, comes back or moves. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Gauge } from 'prom-client';
import { atEnd } from '../../testing/at-end.ts';
import { eventually } from '../../testing/eventually.ts';
import { createLogger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createServiceTargets, NoTargetError, type ServiceTargetsOptions } from './service-targets.ts';

// Long enough for a response on a busy machine, short enough to wait for it.
const TIMEOUT_MS = 1_000;

type Answer = (req: IncomingMessage, res: ServerResponse) => void;
const answers: Answer = (_req, res) => res.end('{}');
const hangs: Answer = () => {};

/** A server in place of a process of the called service. */
async function startProcess(answer: Answer, host = '127.0.0.1', port = 0) {
  const server = createServer((req, res) => {
    req.resume();
    req.on('end', () => {
      if (req.url === '/reservations') process.orders += 1;
      else process.others += 1;
      process.answer(req, res);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const { port: chosen } = server.address() as AddressInfo;
  const process = {
    answer,
    orders: 0,
    others: 0,
    port: chosen,
    url: `http://${host}:${chosen}`,
    async end() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
  atEnd(process.end);
  return process;
}

function toInventory(urls: readonly string[], more: Partial<ServiceTargetsOptions> = {}) {
  const { registry } = createMetrics('test', 'test');
  const metrics = {
    breakerState: new Gauge({ name: 'breaker_state', help: 'h', labelNames: ['target'], registers: [registry] }),
  };
  const log = createLogger('test', 'silent');
  const targets = createServiceTargets({
    service: 'inventory-service',
    probe: { path: '/reservations/lookup', body: {} },
    urls,
    internalToken: 'i'.repeat(32),
    timeoutMs: TIMEOUT_MS,
    metrics,
    log,
    ...more,
  });
  atEnd(targets.close);
  const question = { path: '/reservations', body: {}, timeoutMs: TIMEOUT_MS, read: () => 'answered' };
  const ask = (timeoutMs = TIMEOUT_MS) => targets.ask({ ...question, timeoutMs }).catch((error: Error) => error);
  return {
    ask,
    /** Repeat calls until the condition holds. */
    until: (isSo: () => boolean | Promise<boolean>) =>
      eventually(async () => {
        await ask();
        return (await isSo()) || undefined;
      }),
    read: (timeoutMs = TIMEOUT_MS) => targets.read({ ...question, timeoutMs }),
    /** By address: 0 closed, 1 half open, 2 open. */
    async breakers(): Promise<Record<string, number>> {
      const { values } = await metrics.breakerState.get();
      return Object.fromEntries(values.map(({ labels, value }) => [String(labels.target), value]));
    },
  };
}
const hostOf = ({ url }: { url: string }) => new URL(url).host;
const times = async <T>(count: number, work: () => Promise<T>): Promise<Set<T>> => {
  const results = new Set<T>();
  for (let n = 0; n < count; n += 1) results.add(await work());
  return results;
};

describe('a process that refuses connections', () => {
  it('fails no order: the next process is called at once', async () => {
    const [down, up] = [await startProcess(answers), await startProcess(answers)];
    const inventory = toInventory([down.url, up.url]);
    await times(4, inventory.ask);
    await down.end();
    // A call sent on a connection that ends at that moment fails; the next one finds that no connection can be made.
    await inventory.ask();
    expect(await times(100, inventory.ask)).toEqual(new Set(['answered']));
    expect(await inventory.breakers()).toEqual({ [hostOf(down)]: 2, [hostOf(up)]: 0 });
  });

  it('is called again when it is back', async () => {
    const [down, up] = [await startProcess(answers), await startProcess(answers)];
    const inventory = toInventory([down.url, up.url]);
    await down.end();
    await times(4, inventory.ask);
    const back = await startProcess(answers, '127.0.0.1', down.port);
    await inventory.until(() => back.orders > 1);
    expect(await inventory.breakers()).toEqual({ [hostOf(down)]: 0, [hostOf(up)]: 0 });
  });

  it('if all do, no call is sent', async () => {
    const down = await startProcess(answers);
    await down.end();
    const inventory = toInventory([down.url]);
    expect(await inventory.ask()).toBeInstanceOf(NoTargetError);
  });
});

describe('a process that hangs', () => {
  it('fails its current calls, and then gets only probes', async () => {
    const [hung, up] = [await startProcess(hangs), await startProcess(answers)];
    const inventory = toInventory([hung.url, up.url]);
    const stuck = Promise.all([inventory.ask(), inventory.ask()]);
    // New calls go to the idle process.
    expect(await times(50, inventory.ask)).toEqual(new Set(['answered']));
    expect((await stuck).filter((answer) => answer === 'answered')).toHaveLength(1);
    await inventory.until(() => hung.others > 1);
    expect([hung.orders, await inventory.breakers()]).toEqual([1, { [hostOf(hung)]: 2, [hostOf(up)]: 0 }]);
  });

  it('gets one order at a time once its probe is answered', async () => {
    const [hung, up] = [await startProcess(hangs), await startProcess(answers)];
    const inventory = toInventory([hung.url, up.url]);
    await Promise.all([inventory.ask(), inventory.ask()]);
    // Reads work, reservations do not, as when a row is locked.
    hung.answer = (req, res) => (req.url === '/reservations' ? undefined : answers(req, res));
    await eventually(async () => (await inventory.breakers())[hostOf(hung)] === 1 || undefined);
    const wave = await Promise.all(Array.from({ length: 20 }, () => inventory.ask()));
    expect([hung.orders, wave.filter((answer) => answer === 'answered').length]).toEqual([2, 19]);
    hung.answer = answers;
    await inventory.until(() => hung.orders > 3);
    expect((await inventory.breakers())[hostOf(hung)]).toBe(0);
  });

  it('keeps its breaker closed after a call that had too little time', async () => {
    const slow = await startProcess((_req, res) => setTimeout(() => res.end('{}'), 150));
    const inventory = toInventory([slow.url]);
    for (let n = 0; n < 10; n += 1) expect(await inventory.ask(30)).toMatchObject({ isOurDoing: true });
    expect(await inventory.breakers()).toEqual({ [hostOf(slow)]: 0 });
    expect(await inventory.ask()).toBe('answered');
  });

  it('keeps its breaker closed when the event loop of the caller was blocked', async () => {
    const slow = await startProcess((_req, res) => setTimeout(() => res.end('{}'), 50));
    const inventory = toInventory([slow.url]);
    const answer = inventory.ask();
    const until = performance.now() + TIMEOUT_MS + 500;
    while (performance.now() < until);
    await answer;
    expect(await inventory.breakers()).toEqual({ [hostOf(slow)]: 0 });
  });
});

describe('a process that drains', () => {
  const drains: Answer = (_req, res) => res.setHeader('Connection', 'close').end('{}');

  it('gets no order after its first response, until it is the only process or is back', async () => {
    const [leaving, up] = [await startProcess(answers), await startProcess(answers)];
    const inventory = toInventory([leaving.url, up.url]);
    await times(4, inventory.ask);
    leaving.answer = drains;
    await inventory.until(() => leaving.orders === 3);
    expect(await times(20, inventory.ask)).toEqual(new Set(['answered']));
    expect(await times(20, inventory.read)).toEqual(new Set(['answered']));
    expect(leaving.orders).toBe(3);

    await up.end();
    await inventory.ask(); // on a connection that had ended
    leaving.answer = answers;
    expect(await times(10, inventory.ask)).toEqual(new Set(['answered']));
    await startProcess(answers, '127.0.0.1', up.port);
    await inventory.until(async () => (await inventory.breakers())[hostOf(up)] === 0);
    const before = leaving.orders;
    await times(10, inventory.ask);
    expect(leaving.orders).toBeGreaterThan(before);
    expect(await inventory.breakers()).toEqual({ [hostOf(leaving)]: 0, [hostOf(up)]: 0 });
  });
});

describe('a process that fails fast', () => {
  it('fails three calls, however many it has answered before', async () => {
    const [failing, up] = [await startProcess(answers), await startProcess(answers)];
    const inventory = toInventory([failing.url, up.url]);
    await times(50, inventory.ask);
    const before = failing.orders;
    failing.answer = (_req, res) => res.writeHead(500).end();
    await times(20, inventory.ask);
    expect(failing.orders - before).toBe(3);
    expect(await inventory.breakers()).toEqual({ [hostOf(failing)]: 2, [hostOf(up)]: 0 });
  });
});

describe('a call that was sent', () => {
  it('is sent to no other process', async () => {
    const breaks: Answer = (req) => req.socket.destroy();
    const [broken, up] = [await startProcess(breaks), await startProcess(answers)];
    const inventory = toInventory([broken.url, up.url]);
    const results = await Promise.all([inventory.ask(), inventory.ask()]);
    expect(results.filter((answer) => answer === 'answered')).toHaveLength(1);
    expect([broken.orders, up.orders]).toEqual([1, 1]);
  });
});

describe('reading', () => {
  it('avoids a process with an open breaker, unless there is no other', async () => {
    const [down, up] = [await startProcess(answers), await startProcess(answers)];
    const both = toInventory([down.url, up.url]);
    const alone = toInventory([down.url]);
    await down.end();
    await Promise.all([times(4, both.ask), times(2, alone.ask)]);
    expect(await times(10, both.read)).toEqual(new Set(['answered']));
    await startProcess(answers, '127.0.0.1', down.port);
    expect(await alone.read()).toBe('answered');
  });

  it('opens no breaker on a timeout', async () => {
    const hung = await startProcess(hangs);
    const inventory = toInventory([hung.url]);
    await expect(inventory.read(TIMEOUT_MS)).rejects.toThrow(/no response/);
    expect(await inventory.breakers()).toEqual({ [hostOf(hung)]: 0 });
  });
});

describe('a host name', () => {
  it('stands for all addresses that it resolves to, including later ones', async () => {
    const first = await startProcess(answers, '127.0.0.2');
    const second = await startProcess(answers, '127.0.0.3', first.port);
    const third = await startProcess(answers, '127.0.0.4', first.port);
    let addresses = ['127.0.0.2', '127.0.0.3'];
    const inventory = toInventory([`http://inventory-service:${first.port}`], { lookup: async () => addresses });
    expect(await times(10, inventory.ask)).toEqual(new Set(['answered']));
    expect([first.orders, second.orders]).toEqual([5, 5]);
    addresses = ['127.0.0.3', '127.0.0.4'];
    await inventory.until(() => third.orders > 0);
    expect(await inventory.breakers()).toEqual({ [hostOf(second)]: 0, [hostOf(third)]: 0 });
    const before = first.orders;
    await times(10, inventory.ask);
    expect(first.orders).toBe(before);
  });

  it('keeps its addresses while DNS does not respond', async () => {
    const up = await startProcess(answers);
    let lookups = 0;
    const lookup = async () => {
      lookups += 1;
      if (lookups > 1) throw new Error('EAI_AGAIN');
      return ['127.0.0.1'];
    };
    const inventory = toInventory([`http://inventory-service:${up.port}`], { lookup });
    await eventually(() => lookups > 2 || undefined);
    expect(await inventory.ask()).toBe('answered');
  });

  it('is resolved by the system', async () => {
    const up = await startProcess(answers);
    expect(await toInventory([`http://localhost:${up.port}`]).ask()).toBe('answered');
  });
});

describe('recovery', () => {
  it('is reported when an order is answered after no process was available, and not when one of two is back', async () => {
    const [one, other] = [await startProcess(hangs), await startProcess(answers)];
    let recoveries = 0;
    const inventory = toInventory([one.url, other.url], {
      onRecovered: () => {
        recoveries += 1;
      },
    });
    const isClosed = async () => (await inventory.breakers())[hostOf(one)] === 0;
    await Promise.all([inventory.ask(), inventory.ask()]);
    one.answer = answers;
    await inventory.until(isClosed);
    expect(recoveries).toBe(0);
    one.answer = hangs;
    other.answer = hangs;
    await Promise.all([inventory.ask(), inventory.ask()]);
    expect(await inventory.ask()).toBeInstanceOf(NoTargetError);
    one.answer = answers;
    await inventory.until(isClosed);
    expect(recoveries).toBe(1);
  });
});
