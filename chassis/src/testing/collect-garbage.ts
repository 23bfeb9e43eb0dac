import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

const collect: () => void = runInNewContext('gc');

/**
 * Run two full garbage collections. V8 releases the dead buffers of a collection in a separate thread, and counts them as used until
 * then; the next collection waits for that thread.
 */
export function collectGarbage(): void {
  collect();
  collect();
}
