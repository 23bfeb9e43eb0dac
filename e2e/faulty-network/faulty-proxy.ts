import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { closeServer } from '@shop/chassis/testing/close-server.ts';

/** What a network does to a request, or to its answer. */
export const faults = [
  /** The connection breaks before the request has arrived. */
  'lost request',
  /** Half of the body arrives. */
  'half request',
  'delayed request',
  /** It arrives twice, at the same time. */
  'doubled request',
  /** It arrives once more, after its answer has been read. */
  'late double',
  'lost answer',
  /** The head of the answer and half of its body. */
  'half answer',
  /** The connection stays, and nothing comes. */
  'silence',
  /** A proxy in between gives an answer of its own in place of the real one. */
  'bad gateway',
  /** A page of something in between that is taken for the network's sign-in. */
  'captive portal',
] as const;
export type Fault = (typeof faults)[number];

export interface FaultyProxy {
  url: string;
  /** How many requests met each fault. */
  counts: Record<Fault, number>;
  /** Resolves when nothing is under way any more, late doubles included. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

interface Sent {
  path: string;
  method: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}
interface Answered {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** Put a proxy before the gateway at `target`; so many of the requests meet a fault, chosen by `random`. */
export async function startFaultyProxy(target: string, share: number, random: () => number): Promise<FaultyProxy> {
  const counts = Object.fromEntries(faults.map((fault) => [fault, 0])) as Record<Fault, number>;
  const underWay = new Set<Promise<unknown>>();
  const track = (work: Promise<unknown>) => {
    const tracked = work.catch(() => {}).finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  };

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { url: path = '/', method = 'GET', headers } = incoming;
    const sent = { path, method, headers, body: await buffer(incoming) };
    const fault = random() < share ? faults[Math.floor(random() * faults.length)] : undefined;
    if (fault) counts[fault] += 1;
    switch (fault) {
      case 'lost request':
        return void outgoing.destroy();
      case 'half request':
        await forwardHalf(target, sent);
        return void outgoing.destroy();
      case 'delayed request':
        await delay(random() * 500);
        return answer(outgoing, await forward(target, sent));
      case 'doubled request': {
        const [one, other] = await Promise.all([forward(target, sent), forward(target, sent)]);
        return answer(outgoing, random() < 0.5 ? one : other);
      }
      case 'late double':
        answer(outgoing, await forward(target, sent));
        return track(delay(random() * 1_000).then(() => forward(target, sent)));
      case 'lost answer':
        await forward(target, sent);
        return void outgoing.destroy();
      case 'half answer': {
        const { status, headers, body } = await forward(target, sent);
        outgoing.writeHead(status, { ...withoutHops(headers), 'content-length': body.length });
        outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy());
        return;
      }
      case 'silence':
        return void (await forward(target, sent));
      case 'bad gateway':
        await forward(target, sent);
        return void outgoing.writeHead(502, { 'content-type': 'text/html' }).end('<h1>502 Bad Gateway</h1>');
      case 'captive portal':
        return void outgoing.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome to our network</h1>');
      default:
        return answer(outgoing, await forward(target, sent));
    }
  };

  const server = createServer((incoming, outgoing) => {
    track(handle(incoming, outgoing).catch(() => outgoing.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    async quiet() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    close: () => closeServer(server),
  };
}

function forward(target: string, { path, method, headers, body }: Sent): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const upstream = openRequest(target + path, { method, headers: withoutHops(headers) }, (response) => {
      buffer(response).then(
        (received) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: received }),
        reject,
      );
    });
    upstream.on('error', reject);
    upstream.end(body);
  });
}

/** The gateway sees a request that announces more than comes. */
function forwardHalf(target: string, { path, method, headers, body }: Sent): Promise<void> {
  return new Promise((resolve) => {
    const upstream = openRequest(target + path, { method, headers: withoutHops(headers) });
    upstream.on('error', () => resolve());
    upstream.setHeader('content-length', body.length || 1);
    upstream.write(body.length > 0 ? body.subarray(0, body.length / 2) : randomBytes(0), () => {
      upstream.destroy();
      resolve();
    });
  });
}

function answer(outgoing: ServerResponse, { status, headers, body }: Answered): void {
  outgoing.writeHead(status, withoutHops(headers)).end(body);
}

function withoutHops({
  connection: _,
  'transfer-encoding': __,
  'keep-alive': ___,
  ...headers
}: IncomingMessage['headers']) {
  return headers;
}
