import type { Socket } from 'node:net';
import amqplib, { type Channel, type ChannelModel, type RecoveringChannelModel } from 'amqplib';
import type { Logger } from '../telemetry.ts';
import { ConnectionState } from './connection-state.ts';
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

type Build = (model: ChannelModel) => Promise<void>;

/** Connect in the background: an unavailable broker is not an error, and a service can start without it. */
export async function connectBroker(options: BrokerOptions): Promise<Broker> {
  const { url, name, log, setupTimeoutMs = SETUP_TIMEOUT_MS } = options;
  const state = new ConnectionState();
  const builders = new Set<Build>();
  let differences: readonly Difference[] = [];
  let latest: ChannelModel | undefined;

  const reconnect = (model: ChannelModel, reason: string) => {
    state.lost(model);
    abandon(model, reason);
  };

  const buildOn = async (model: ChannelModel) => {
    differences = await declare(model, options);
    const publish = await openPublisher(model, log, () => reconnect(model, 'publishing channel closed'));
    for (const builder of builders) await builder(model);
    return publish;
  };

  const connection = await amqplib.connect(withHeartbeat(url), {
    noDelay: true,
    timeout: HANDSHAKE_TIMEOUT_MS,
    clientProperties: { connection_name: name },
    recovery: {
      ...RECONNECT_MS,
      waitForConnect: false,
      setup(model: ChannelModel) {
        latest = model;
        return setUpOrAbandon(model, {
          log,
          timeoutMs: setupTimeoutMs,
          build: buildOn,
          onBuilt: (publish) => state.established(model, publish),
          onClose: () => state.lost(model),
        });
      },
    },
  });
  follow(connection, state, log);

  return {
    name,
    isConnected: () => state.usable !== undefined,
    differences: () => differences,
    publish: (messages) => publishOn(state, messages, reconnect),
    onConnection(builder) {
      builders.add(builder);
      const model = state.current?.model;
      if (model)
        builder(model).catch((error: Error) => {
          log.warn({ err: error }, 'could not start a consumer');
          reconnect(model, error.message);
        });
      return () => builders.delete(builder);
    },
    onUsable: (listener) => state.onUsable(listener),
    reconnect,
    async close() {
      state.closing();
      await withDeadline(connection.close(), CLOSE_TIMEOUT_MS);
      if (latest) abandon(latest, 'closed');
    },
  };
}

/** Declare what is ours; returns what there is with other arguments. */
async function declare(
  model: ChannelModel,
  { setup, onSetup, log }: Pick<BrokerOptions, 'setup' | 'onSetup' | 'log'>,
): Promise<readonly Difference[]> {
  const differences = await setup(model).catch((error) => {
    if (typeof error.code === 'number')
      log.error({ err: error }, 'broker refused the declaration of exchanges or queues');
    throw error;
  });
  for (const difference of differences)
    log.error(difference, 'queue or exchange exists with different arguments; using it as it is');
  onSetup?.(differences);
  return differences;
}

async function openPublisher(model: ChannelModel, log: Logger, onClose: () => void): Promise<Publish> {
  const publisher = await model.createConfirmChannel();
  publisher.on('error', (error) => log.error({ err: error }, 'broker closed the publishing channel'));
  publisher.on('close', onClose);
  return createPublish(publisher);
}

interface Setup<Built> {
  log: Logger;
  timeoutMs: number;
  build: (model: ChannelModel) => Promise<Built>;
  /** Called at once when everything is built on a connection that is still open. */
  onBuilt: (built: Built) => void;
  onClose: () => void;
}

/** Build on a new connection. When that fails or takes too long, the connection is cut, and this throws once it is gone. */
async function setUpOrAbandon<Built>(model: ChannelModel, setup: Setup<Built>): Promise<void> {
  const { log, timeoutMs, build, onBuilt, onClose } = setup;
  // amqplib listens for errors only after setup; an 'error' event without a listener would terminate the process.
  model.on('error', (error) => log.warn({ err: error }, 'broker connection failed'));
  let isClosed = false;
  const closed = untilClosed(model, () => {
    isClosed = true;
    onClose();
    abandon(model, 'closed');
  });
  const timer = setTimeout(() => abandon(model, 'setup timed out'), timeoutMs);
  try {
    // Some promises of amqplib stay pending when the connection ends, such as that of a channel's close().
    const built = await Promise.race([
      build(model),
      closed.then(() => Promise.reject(new Error('connection closed during setup'))),
    ]);
    // It closed with the last reply of the setup. amqplib would wait for a 'close' that has already been emitted.
    if (isClosed) throw new Error('connection closed at the end of setup');
    onBuilt(built);
  } catch (error) {
    // amqplib now closes the connection and reconnects after the reply, which never comes from a frozen broker or over a
    // destroyed socket. For a connection that is already closed, it reconnects at once.
    abandon(model, 'setup failed');
    await closed;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when the connection has closed; `onClose` is called at that moment. */
function untilClosed(model: ChannelModel, onClose: () => void): Promise<void> {
  return new Promise<void>((resolve) => {
    const close = () => {
      onClose();
      resolve();
    };
    model.once('close', close);
    // A stopping broker may close the connection together with the last frame of the handshake. amqplib has then emitted
    // 'close' before this listener was added, and only the socket's 'close' is still to come.
    const socket = socketOf(model);
    if (socket.closed) close();
    else socket.once('close', close);
  });
}

/** Log what happens to the connection, and keep the state. */
function follow(connection: RecoveringChannelModel, state: ConnectionState, log: Logger): void {
  connection.on('error', () => {}); // logged by the listener on the model
  connection.on('connect', () => {
    log.info('connected to the broker');
    state.notifyUsable();
  });
  connection.on('disconnect', (error) => log.warn({ err: error }, 'broker connection lost'));
  connection.on('connect-failed', (error) => log.warn({ err: error }, 'could not connect to the broker'));
  connection.on('blocked', (reason) => {
    state.blocked();
    log.error({ reason }, 'broker blocked publishers; messages stay in the outbox');
  });
  connection.on('unblocked', () => {
    log.info('broker unblocked publishers');
    state.unblocked();
  });
}

async function publishOn(
  state: ConnectionState,
  messages: readonly OutgoingMessage[],
  reconnect: Broker['reconnect'],
): Promise<PublishOutcome[]> {
  const via = state.usable;
  if (!via) return messages.map(() => 'failed' as const);
  const outcomes = await via.publish(messages);
  // While the alarm lasts, a new connection would be blocked too, with another batch of messages on it.
  if (outcomes.includes('unanswered') && !state.isBlocked) reconnect(via.model, 'no confirms');
  return outcomes;
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
