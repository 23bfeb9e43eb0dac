import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { closeServer } from '@shop/chassis/testing/close-server.ts';

/** The faults of a request or its response. */
export const faults = [
  /** The connection breaks before the request has arrived. */
  'lost request',
  /** Half of the body arrives. */
  'half request',
  'delayed request',
  /** It arrives twice, at the same time. */
  'doubled request',
  /** It arrives again after its response was read. */
  'late double',
  'lost answer',
  /** The header of the response and half of its body arrive. */
  'half answer',
  /** The connection stays open, and no response arrives. */
  'silence',
  /** A proxy on the way replaces the response with its own. */
  'bad gateway',
  /** A device on the way replaces the response with a sign-in page. */
  'captive portal',
] as const;
export type Fault = (typeof faults)[number];

export interface FaultyProxy {
  url: string;
  /** The number of requests with each fault. */
  counts: Record<Fault, number>;
  /** Resolves when no request is running, including late duplicates. */
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

/** Start a proxy in front of the gateway at `target`. This share of the requests gets a fault, chosen by `random`. */
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

/** The gateway receives less than the request's Content-Length. */
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
