import { connect, type Socket } from 'node:net';
import { atEnd } from './at-end.ts';

/** A connection whose client writes what a test says, and nothing else. */
export interface RawClient {
  socket: Socket;
  /** All that came back. */
  received: string;
  isClosed: boolean;
}

/** Connect to a port of this machine; the connection ends with the test. */
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
