/**
 * All limits beyond which a process refuses work, in the order in which a request passes them. README.md describes the purpose,
 * the response and the metric of each.
 */
export const LOAD_LIMITS = {
  /** Sockets: server.ts. */
  listening: {
    // Twice the maximum number of requests under way; an idle connection takes about 10 KB.
    connections: 4_000,
    // See acceptors.ts. Even with the longest turns that turns.ts allows, 500 connections are accepted per second.
    acceptors: 128,
    // Per acceptor. When its queue is full, TCP retries after a second, too late for a response within 2.5 s.
    backlog: 128,
  },
  // A write across two services takes about five turns of their event loops, so with longer turns it would exceed its 2.5 s.
  // With a CPU of its own, a process handles a thousand simultaneous requests within this time.
  longestTurnMs: 250,
  // Fits into a process of 300 MB in addition to its batches: a waiting request takes about 15 KB, in all 30 MB without bodies,
  // and a body takes about five times its size, as text and parsed.
  underWayBytes: 16 * 1024 * 1024,
  /** Streams of events: event-stream.ts. */
  streams: {
    // One per browser of the shop's staff. With full buffers they take 30 MB.
    clients: 200,
    // Unsent bytes of a client, beyond which it is disconnected; a page of events may be added. A client that reads has almost
    // none.
    unsentBytes: 64 * 1024,
    // A client that leaves data unread for longer is disconnected.
    unreadMs: 10_000,
  },
  // For the queue of a batch. Under overload, a longer queue increases the latency and not the throughput.
  expectedWaitMs: 300,
  /** The queue for a database connection: request-share.ts. */
  databaseLine: {
    // A connection serves several hundred reads per second, so the end of a longer queue would only time out. At most a quarter
    // of the requests under way, so that waiting reads leave room for batched writes.
    maxWaiting: 500,
    // Leaves the rest of the 2.5 s, within which every request should be answered, for the work itself.
    maxWaitMs: 1_000,
  },
};
