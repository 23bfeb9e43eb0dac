import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

const collect: () => void = runInNewContext('gc');

/**
 * Leave in memory only what lives: two full collections. V8 releases the buffers that a collection found dead in a thread of its
 * own, and counts them as used until then; the next collection waits for that thread.
 */
export function collectGarbage(): void {
  collect();
  collect();
}
