import { connect, type Socket } from 'node:net';
import { atEnd } from './at-end.ts';

/** A TCP connection that sends only the bytes that a test writes. */
export interface RawClient {
  socket: Socket;
  /** Everything received. */
  received: string;
  isClosed: boolean;
}

/** Connect to a local port. The connection is closed at the end of the test. */
export function openRawClient(port: number): RawClient {
  const socket = connect(port, '127.0.0.1');
  const client = { socket, received: '', isClosed: false };
  atEnd(() => socket.destroy());
  socket.setEncoding('latin1').on('data', (text: string) => {
    client.received += text;
  });
  socket
    .on('error', () => {})
    .on('close', () => {
      client.isClosed = true;
    });
  return client;
}
