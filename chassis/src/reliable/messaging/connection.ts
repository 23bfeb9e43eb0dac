import type { Socket } from 'node:net';
import amqplib, { type Channel, type ChannelModel } from 'amqplib';
import type { Logger } from '../telemetry.ts';
import { createPublish, type OutgoingMessage, type Publish, type PublishOutcome } from './publish.ts';
import type { Difference } from './topology.ts';

/*
 * One connection per process, with automatic recovery by amqplib. Everything on a connection (topology, publisher,
 * consumers) is created in its `setup`, which runs at every connect.
 *
 *   away     -> usable    setup has succeeded
 *   usable   -> blocked   the broker has a resource alarm (disk, memory) and blocks publishers
 *   blocked  -> usable    the alarm has cleared
 *   any      -> away      socket closed, heartbeats missing, a channel closed, or publisher confirms missing
 *
 * When a channel closes, the whole connection is replaced, so that there is only one way of recovery, and it is always used.
 */

/** This process's connection to the broker. */
export interface Broker {
  /** The connection name shown by the broker, also written into the history of failed messages. */
  name: string;
  /** Whether messages can be published now. */
  isConnected(): boolean;
  /** Queues and exchanges whose arguments differed from the declared ones at the last connect. They are used anyway. */
  differences(): readonly Difference[];
  /** Publish with publisher confirms. Never throws; returns one outcome per message. */
  publish(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]>;
  /** Run `build` on the current connection, if there is one, and on every later one. Returns a function that ends this. */
  onConnection(build: (model: ChannelModel) => Promise<void>): () => void;
  /** Call `listener` whenever publishing becomes possible. */
  onUsable(listener: () => void): void;
  /** Close this connection and open a new one. */
  reconnect(model: ChannelModel, reason: string): void;
  close(): Promise<void>;
}

export interface BrokerOptions {
  url: string;
  name: string;
  log: Logger;
  /** Declares exchanges and queues, and returns those with other arguments. Runs first at every connect. */
  setup: (model: ChannelModel) => Promise<readonly Difference[]>;
  /** Called after each setup. */
  onSetup?: (differences: readonly Difference[]) => void;
  /** Time limit for setup and consumers; after it, a new connection is tried. */
  setupTimeoutMs?: number;
}

// amqplib closes a connection after two to three missed intervals, so a frozen broker is detected in 10 to 15 s. With a
// shorter interval, a busy machine would be considered dead.
const HEARTBEAT_SECONDS = 5;
// For a broker that accepts the connection and then sends nothing.
const HANDSHAKE_TIMEOUT_MS = 5_000;
// For a broker that sends heartbeats but no replies, such as a cluster without a majority. Setup usually takes less than 1
// s.
const SETUP_TIMEOUT_MS = 30_000;
// Short delays, so that this process reconnects soon after the broker is back.
const RECONNECT_MS = { initialDelay: 200, maxDelay: 3_000, factor: 2, jitter: 0.2 };
const CLOSE_TIMEOUT_MS = 2_000;

/** Connect in the background: an unavailable broker is not an error, and a service can start without it. */
export async function connectBroker(options: BrokerOptions): Promise<Broker> {
  const { url, name, log, setup, onSetup, setupTimeoutMs = SETUP_TIMEOUT_MS } = options;
  let differences: readonly Difference[] = [];
  let current: { model: ChannelModel; publish: Publish } | undefined;
  let latest: ChannelModel | undefined;
  let blocked = false;
  const builders = new Set<(model: ChannelModel) => Promise<void>>();
  const listeners: (() => void)[] = [];

  const reconnect = (model: ChannelModel, reason: string) => {
    if (current?.model === model) current = undefined;
    abandon(model, reason);
  };

  const build = async (model: ChannelModel) => {
    latest = model;
    // amqplib listens for errors only after setup; an 'error' event without a listener would terminate the process.
    model.on('error', (error) => log.warn({ err: error }, 'broker connection failed'));
    const socket = socketOf(model);
    let isClosed = false;
    const closed = new Promise<void>((resolve) => {
      const onClose = () => {
        isClosed = true;
        if (current?.model === model) current = undefined;
        abandon(model, 'closed');
        resolve();
      };
      model.once('close', onClose);
      // A stopping broker may close the connection together with the last frame of the handshake. amqplib has then emitted
      // 'close' before this listener was added, and only the socket's 'close' is still to come.
      if (socket.closed) onClose();
      else socket.once('close', onClose);
    });
    const timer = setTimeout(() => abandon(model, 'setup timed out'), setupTimeoutMs);
    try {
      // Some promises of amqplib stay pending when the connection ends, such as that of a channel's close().
      const publish = await Promise.race([
        buildOn(model),
        closed.then(() => Promise.reject(new Error('connection closed during setup'))),
      ]);
      // It closed with the last reply of the setup. amqplib would wait for a 'close' that has already been emitted.
      if (isClosed) throw new Error('connection closed at the end of setup');
      blocked = false;
      current = { model, publish };
    } catch (error) {
      // amqplib now closes the connection and reconnects after the reply, which never comes from a frozen broker or over a
      // destroyed socket. For a connection that is already closed, it reconnects at once.
      abandon(model, 'setup failed');
      await closed;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };

  const buildOn = async (model: ChannelModel) => {
    differences = await setup(model).catch((error) => {
      if (typeof error.code === 'number')
        log.error({ err: error }, 'broker refused the declaration of exchanges or queues');
      throw error;
    });
    for (const difference of differences)
      log.error(difference, 'queue or exchange exists with different arguments; using it as it is');
    onSetup?.(differences);
    const publisher = await model.createConfirmChannel();
    publisher.on('error', (error) => log.error({ err: error }, 'broker closed the publishing channel'));
    publisher.on('close', () => reconnect(model, 'publishing channel closed'));
    const publish = createPublish(publisher);
    for (const builder of builders) await builder(model);
    return publish;
  };

  const connection = await amqplib.connect(withHeartbeat(url), {
    noDelay: true,
    timeout: HANDSHAKE_TIMEOUT_MS,
    clientProperties: { connection_name: name },
    recovery: { ...RECONNECT_MS, waitForConnect: false, setup: build },
  });
  const notifyUsable = () => {
    for (const listener of listeners) listener();
  };
  connection.on('error', () => {}); // logged by the listener on the model
  connection.on('connect', () => {
    log.info('connected to the broker');
    notifyUsable();
  });
  connection.on('disconnect', (error) => log.warn({ err: error }, 'broker connection lost'));
  connection.on('connect-failed', (error) => log.warn({ err: error }, 'could not connect to the broker'));
  connection.on('blocked', (reason) => {
    blocked = true;
    log.error({ reason }, 'broker blocked publishers; messages stay in the outbox');
  });
  connection.on('unblocked', () => {
    blocked = false;
    log.info('broker unblocked publishers');
    notifyUsable();
  });

  return {
    name,
    isConnected: () => current !== undefined && !blocked,
    differences: () => differences,
    async publish(messages) {
      const via = current;
      if (!via || blocked) return messages.map(() => 'failed' as const);
      const outcomes = await via.publish(messages);
      // While the alarm lasts, a new connection would be blocked too, with another batch of messages on it.
      if (outcomes.includes('unanswered') && !blocked) reconnect(via.model, 'no confirms');
      return outcomes;
    },
    onConnection(builder) {
      builders.add(builder);
      const model = current?.model;
      if (model)
        builder(model).catch((error: Error) => {
          log.warn({ err: error }, 'could not start a consumer');
          reconnect(model, error.message);
        });
      return () => builders.delete(builder);
    },
    onUsable: (listener) => listeners.push(listener),
    reconnect,
    async close() {
      current = undefined;
      await withDeadline(connection.close(), CLOSE_TIMEOUT_MS);
      if (latest) abandon(latest, 'closed');
    },
  };
}

function withHeartbeat(url: string): string {
  const address = new URL(url);
  if (!address.searchParams.has('heartbeat')) address.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
  return address.href;
}

/** Close a channel. Also resolves when its connection ends, unlike amqplib's own close(). */
export async function closeChannel(channel: Channel): Promise<void> {
  const gone = new Promise<void>((resolve) => channel.once('close', resolve));
  await Promise.race([gone, channel.close()]).catch(() => {}); // already closed
}

/** Destroy the socket. A regular close waits for a reply, which an unresponsive broker does not send. */
function abandon(model: ChannelModel, reason: string): void {
  const socket = socketOf(model);
  if (!socket.destroyed) socket.destroy(new Error(reason));
}

/** The socket, which amqplib's types do not expose. */
function socketOf(model: ChannelModel): Socket {
  return (model.connection as unknown as { stream: Socket }).stream;
}

async function withDeadline(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => {}), deadline]);
  clearTimeout(timer);
}
