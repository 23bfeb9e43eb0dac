/**
 * All bounds beyond which a process refuses work, in the order in which a request meets them. README.md says what each is
 * for, what the client sees and what is counted.
 */
export const LOAD_LIMITS = {
  /** At the socket: server.ts. */
  listening: {
    // Twice the requests that may be under way; an idle connection costs about 10 KB.
    connections: 4_000,
    // See acceptors.ts. With the longest turns that turns.ts leaves, still 500 connections in a second.
    acceptors: 128,
    // For each of those. A connection that the kernel turns away tries again after a second, which is too late for an answer in 2.5 s.
    backlog: 128,
  },
  // A write over two services takes some five turns of their event loops; with turns longer than this its 2.5 s are over. A
  // thousand requests that come at once, to a process that has its processor, fit in.
  longestTurnMs: 250,
  // A process of 300 MB can hold this beside its batches: at some 15 KB for a request that waits, 30 MB without bodies, and
  // each byte of a body takes some five, as text and as parsed.
  underWayBytes: 16 * 1024 * 1024,
  /** Streams of events: event-stream.ts. */
  streams: {
    // One for each browser of the people who run the shop. With full buffers they hold 30 MB.
    clients: 200,
    // Unsent bytes of one client, beyond which it is disconnected; a page of events may come on top. A client that reads has next
    // to none.
    unsentBytes: 64 * 1024,
    // For as long as this, a client may leave something unread.
    unreadMs: 10_000,
  },
  // For the queue of a batch. When more arrives than can be done, a longer queue would make all wait, and get nothing more done.
  expectedWaitMs: 300,
  /** The line for a connection to the database: request-share.ts. */
  databaseLine: {
    // A connection serves some hundreds of reads in a second, so a longer line would only be refused later. At most a
    // quarter of what may be under way: however many reads wait, there is room for writes that go another way.
    maxWaiting: 500,
    // What remains of the 2.5 s in which everything should be answered is for the work.
    maxWaitMs: 1_000,
  },
};
