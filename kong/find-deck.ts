import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The path of decK: `$DECK`, on the PATH, or its usual build folder; undefined if not found. */
export function findDeck(): string | undefined {
  const candidates = [process.env.DECK, 'deck', join(homedir(), '.cache/deck/deck')].filter((c) => c !== undefined);
  return candidates.find((candidate) => {
    const { status, stdout } = spawnSync(candidate, ['version'], { encoding: 'utf8' });
    return status === 0 && stdout.startsWith('decK ');
  });
}
