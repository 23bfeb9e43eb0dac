import { fstatSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/*
 * Writes lines to a file descriptor asynchronously, in chunks. A full disk, a closed pipe or a reader that does not read costs
 * log lines and nothing else: no error is thrown, nothing blocks, and memory is bounded.
 *
 *   idle      -> waiting   the first line; more are buffered for WRITTEN_WITHIN_MS or up to WRITTEN_AT_ONCE_BYTES
 *   waiting   -> writing   one write at a time
 *   writing   -> idle      everything is written; if lines were dropped before, their number is reported now
 *   writing   -> waiting   the write failed (EAGAIN: the pipe is full; ENOSPC, EPIPE …): retried after RETRY_MS; meanwhile
 *                          lines are buffered up to MAX_UNWRITTEN_BYTES, then dropped and counted
 */

// Sizes are in characters, which here are close to bytes. Lines are batched because the system call is the main cost of a
// line.
const WRITTEN_AT_ONCE_BYTES = 8 * 1024;
const MAX_UNWRITTEN_BYTES = 4 * 1024 * 1024;
// A killed process loses up to this much of its log.
const WRITTEN_WITHIN_MS = 100;
// A reader that was only briefly too slow empties a pipe (64 KiB) within this time.
const RETRY_MS = 50;
// An exiting process waits this long for a slow reader. Supervisors kill it after ten seconds.
const EXIT_WITHIN_MS = 500;
const EXIT_RETRY_MS = 5;

export interface LineOutput {
  write(line: string): void;
}

export interface LineOutputOptions {
  /** Called for each line that is dropped. */
  onDrop?: () => void;
  /** Called with the number of dropped lines once everything is written again. */
  onRecovered?: (dropped: number) => void;
}

/** Write lines to a descriptor that stays open for the lifetime of the process. It is set up at the first line. */
export function createLineOutput(fd: number, { onDrop, onRecovered }: LineOutputOptions = {}): LineOutput {
  let opened = false;
  let collected = '';
  let portion: Buffer | undefined; // the rest of the chunk being written
  let inFlight = false;
  let timer: NodeJS.Timeout | undefined;
  let dropped = 0;

  function open(): void {
    opened = true;
    neverBlock(fd);
    process.once('exit', () => writeRest());
  }

  function schedule(afterMs: number): void {
    timer ??= setTimeout(writePortion, afterMs).unref();
  }

  function nextPortion(): Buffer {
    if (portion) return portion;
    portion = Buffer.from(collected);
    collected = '';
    return portion;
  }

  function written(bytes: number): void {
    portion = portion && bytes < portion.length ? portion.subarray(bytes) : undefined;
  }

  function writePortion(): void {
    clearTimeout(timer);
    timer = undefined;
    inFlight = true;
    write(fd, nextPortion(), (error, bytes) => {
      inFlight = false;
      if (error) return schedule(RETRY_MS);
      written(bytes);
      if (portion || collected.length >= WRITTEN_AT_ONCE_BYTES) return writePortion();
      if (dropped > 0) {
        const count = dropped;
        dropped = 0;
        onRecovered?.(count);
      }
      if (collected !== '') schedule(WRITTEN_WITHIN_MS);
    });
  }

  /** At process exit. A write in flight completes by itself: the process waits for it, and it does not block. */
  function writeRest(): void {
    if (inFlight) portion = undefined;
    const deadline = performance.now() + EXIT_WITHIN_MS;
    while (portion || collected !== '') {
      try {
        written(writeSync(fd, nextPortion()));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > deadline) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXIT_RETRY_MS);
      }
    }
  }

  return {
    write(line) {
      if (!opened) open();
      if (collected.length + (portion?.length ?? 0) + line.length > MAX_UNWRITTEN_BYTES) {
        dropped += 1;
        onDrop?.();
        return;
      }
      collected += line;
      if (inFlight) return;
      // After a failed write the timer is running, and a full buffer does not shorten the delay.
      if (portion === undefined && collected.length >= WRITTEN_AT_ONCE_BYTES) writePortion();
      else schedule(WRITTEN_WITHIN_MS);
    },
  };
}

/**
 * A blocking write would occupy a thread of libuv's pool, which also resolves DNS names, and would keep the process from
 * exiting. Node has no fcntl, but wrapping the descriptor in a socket makes it non-blocking; the socket has no other use.
 */
function neverBlock(fd: number): void {
  const kind = fstatSync(fd);
  if (kind.isFIFO() || kind.isSocket()) new Socket({ fd, readable: false, writable: true }).unref();
}
