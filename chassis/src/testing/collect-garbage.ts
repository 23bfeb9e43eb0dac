import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Leave in memory only what lives: a full collection. */
export const collectGarbage: () => void = runInNewContext('gc');
