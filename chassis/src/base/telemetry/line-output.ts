import { fstatSync, write, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/*
 * Lines to a file descriptor, written asynchronously and in portions. A disk that is full, a reader that has gone and one
 * that does not read cost lines and nothing else: no error leaves this file, nothing waits, and memory is bounded.
 *
 *   idle      -> waiting   the first line; more are collected for WRITTEN_WITHIN_MS or until they are WRITTEN_AT_ONCE_BYTES
 *   waiting   -> writing   one write at a time
 *   writing   -> idle      everything is written; if lines were dropped before, how many is reported now
 *   writing   -> waiting   refused (EAGAIN: the pipe is full; ENOSPC, EPIPE …): tried again after RETRY_MS; lines that
 *                          come meanwhile are collected up to MAX_UNWRITTEN_BYTES, and dropped and counted beyond it
 */

// All in characters, which for these lines are bytes or a little less. A write costs more than all else about a line.
const WRITTEN_AT_ONCE_BYTES = 8 * 1024;
const MAX_UNWRITTEN_BYTES = 4 * 1024 * 1024;
// A process that is killed loses the lines of this time.
const WRITTEN_WITHIN_MS = 100;
// A reader that is only slower than we are for a moment drains a pipe (64 KiB) faster than this.
const RETRY_MS = 50;
// The end of a process waits this long for a slow reader; who supervises it kills it after ten seconds.
const EXIT_WITHIN_MS = 500;
const EXIT_RETRY_MS = 5;

export interface LineOutput {
  write(line: string): void;
}

export interface LineOutputOptions {
  /** Called for each line that is dropped. */
  onDrop?: () => void;
  /** Called when everything is written again: how many lines were dropped meanwhile. */
  onRecovered?: (dropped: number) => void;
}

/** Write lines to a descriptor that stays open for the life of the process; opened at the first line. */
export function createLineOutput(fd: number, { onDrop, onRecovered }: LineOutputOptions = {}): LineOutput {
  let opened = false;
  let collected = '';
  let portion: Buffer | undefined; // of which a part may be written
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

  /** At the end of the process. What is in flight ends by itself: the process waits for it, and it does not block. */
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
      // After a refusal the timer runs, and a full buffer does not shorten it.
      if (portion === undefined && collected.length >= WRITTEN_AT_ONCE_BYTES) writePortion();
      else schedule(WRITTEN_WITHIN_MS);
    },
  };
}

/**
 * A write that blocks would hold a thread of the pool, which also resolves names, and the process could not end: it waits
 * for its threads. Node has no fcntl, but a socket over a descriptor makes it non-blocking; it is not used for more.
 */
function neverBlock(fd: number): void {
  const kind = fstatSync(fd);
  if (kind.isFIFO() || kind.isSocket()) new Socket({ fd, readable: false, writable: true }).unref();
}
