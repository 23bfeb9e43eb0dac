/**
 * The mail server. A session is opened before a notification becomes `sending`, so that a server that cannot be reached makes
 * nothing unknown. What ends after the mail was handed over, without an answer of the server, is unknown (RFC 1047): the server
 * may have taken it.
 */
import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Delivery } from '../notifications/notification.ts';

export interface MailServer {
  /** Connect and sign in. Throws a {@link NoSessionError}. */
  open(): Promise<Session>;
}

/** A connection for one mail. */
export interface Session {
  send(envelope: { from: string; to: string }, mail: Buffer): Promise<Delivery>;
  close(): void;
}

/** The server cannot be reached, or does not let us in. No mail is at fault. */
export class NoSessionError extends Error {}

export interface MailServerLimits {
  /** For a connection, and again for the server’s greeting. */
  connectMs: number;
  /** Without a byte from the server: after the end of a mail, it is then unknown. */
  silenceMs: number;
  /** For a whole mail, also if the server answers byte by byte. */
  totalMs: number;
}

const LIMITS: MailServerLimits = { connectMs: 10_000, silenceMs: 30_000, totalMs: 90_000 };

/** The mail server at an `smtp:` or `smtps:` URL. */
export function createMailServer(url: string, limits: MailServerLimits = LIMITS): MailServer {
  const { protocol, hostname, port, username, password } = new URL(url);
  const auth = username && { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  const secure = protocol === 'smtps:';
  const options = {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port ? Number(port) : secure ? 465 : 25,
    secure,
    // A password is never sent in the clear.
    requireTLS: !secure && auth !== '',
    connectionTimeout: limits.connectMs,
    greetingTimeout: limits.connectMs,
    socketTimeout: limits.silenceMs,
    maxResponseSize: 64 * 1024,
  };
  return {
    async open() {
      const connection = new SMTPConnection(options);
      const end = endOf(connection);
      const limit = AbortSignal.timeout(limits.totalMs);
      try {
        await within(limit, end, (done) => connection.connect(done));
        if (auth) await within(limit, end, (done) => connection.login(auth, done));
      } catch (error) {
        connection.close();
        throw new NoSessionError(describe(error), { cause: error });
      }
      return {
        send: (envelope, mail) => send(connection, { limit, end }, envelope, mail),
        close: () => connection.quit(),
      };
    },
  };
}

async function send(
  connection: SMTPConnection,
  { limit, end }: { limit: AbortSignal; end: Promise<never> },
  { from, to }: { from: string; to: string },
  mail: Buffer,
): Promise<Delivery> {
  let isHandedOver = false;
  const stream = Readable.from([mail]);
  // The final dot is written after this event.
  stream.once('end', () => {
    isHandedOver = true;
  });
  try {
    const envelope = { from, to: [to], size: mail.length, use8BitMime: false };
    const { response } = await within<{ response: string }>(limit, end, (done) =>
      connection.send(envelope, stream, done),
    );
    return { outcome: 'sent', detail: cleaned(response) };
  } catch (error) {
    connection.close();
    return { outcome: outcomeOf(error, isHandedOver), detail: describe(error) };
  }
}

type Done<T> = (error?: Error | null, result?: T) => void;

/** The result of a call; an error when the time is up, or the connection ended without calling back. */
function within<T>(limit: AbortSignal, end: Promise<never>, call: (done: Done<T>) => void): Promise<T> {
  const result = new Promise<T>((resolve, reject) => {
    limit.addEventListener('abort', () => reject(new Error('the server takes too long')), { once: true });
    call((error, value) => (error ? reject(error) : resolve(value as T)));
  });
  return Promise.race([result, end]);
}

/** Fails when the connection has ended, with the error that ended it. Some errors reach no callback. */
function endOf(connection: SMTPConnection): Promise<never> {
  let failure = new Error('the connection was closed');
  connection.on('error', (error: Error) => {
    failure = error;
  });
  const end = new Promise<never>((_resolve, reject) => {
    // The callback of a call, which knows more, comes right after this event.
    connection.once('end', () => setImmediate(() => reject(failure)));
  });
  end.catch(() => {}); // it also ends after the answer
  return end;
}

function outcomeOf(error: unknown, isHandedOver: boolean): Delivery['outcome'] {
  const { responseCode = 0, code } = error as { responseCode?: number; code?: string };
  if (responseCode >= 500) return 'refused';
  if (responseCode >= 400) return 'deferred';
  if (isHandedOver) return 'unknown';
  // An address that cannot stand in an envelope, or a mail above the server’s limit.
  return code === 'EENVELOPE' || code === 'EMESSAGE' ? 'refused' : 'lost';
}

const DETAIL_CHARACTERS = 500;

function describe(error: unknown): string {
  const { response, message } = error as { response?: string; message?: string };
  return cleaned(response || message || 'failed');
}

/** Without mail addresses, which are stored nowhere and not logged. */
function cleaned(text: string): string {
  return text
    .replace(/[^\s<>]+@[^\s<>]+/g, '(address)')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, DETAIL_CHARACTERS);
}
