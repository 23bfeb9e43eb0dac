import { isIP } from 'node:net';
import { headerValues } from '@shop/chassis/edge/context.ts';
import type { Request } from 'express';

/** The address of a caller, which the gateway writes into `X-Real-IP` whatever the caller sends. */
export function addressOf(req: Pick<Request, 'rawHeaders' | 'socket'>): string {
  const [address = req.socket.remoteAddress ?? ''] = headerValues(req, 'x-real-ip');
  return address;
}

/** What of an address is counted: of IPv6 the network of a customer (/64), in which everybody has as many addresses as they like. */
export function countedPart(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (isIP(address) !== 6) return address;
  // The URL parser writes an IPv6 address in its one normal form (RFC 5952).
  const [zone = ''] = address.split('%');
  const normal = new URL(`http://[${zone}]`).hostname.slice(1, -1);
  const [before = '', after] = normal.split('::');
  const [head, tail] = [groups(before), groups(after ?? '')];
  const zeros = after === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(':')}::/64`;
}

function groups(part: string): string[] {
  return part === '' ? [] : part.split(':');
}
