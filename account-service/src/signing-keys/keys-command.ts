import { UsageError } from '@shop/chassis/base/fault.ts';
import { withDatabase } from '@shop/chassis/service/with-database.ts';
import { createMasterKey } from '../master-key.ts';
import { publishedKeys, rotateKeys } from './rotate-keys.ts';
import type { SigningKey } from './signing-key.ts';

const help = `keys list      show the keys that sign access tokens, or did within the last 15 minutes
keys rotate    make the next key of each audience; it signs after a minute, when every service knows it`;

/** Where account-service keeps its keys, and what decrypts them. */
export interface KeysAt {
  databaseUrl: string;
  masterKeys: readonly string[];
}

/** `keys list | rotate`: returns the exit code. */
export async function keysCommand(args: readonly string[], at: () => KeysAt): Promise<number> {
  const [command] = args;
  if (command === '--help' || command === '-h') {
    console.log(help);
    return 0;
  }
  if (args.length !== 1 || (command !== 'list' && command !== 'rotate')) {
    throw new UsageError(`keys takes list or rotate, not "${args.join(' ')}"\n${help}`);
  }
  const { databaseUrl, masterKeys } = at();
  const keys = await withDatabase('account-service', databaseUrl, (pool) =>
    (command === 'rotate' ? rotateKeys : publishedKeys)({ pool, masterKey: createMasterKey(masterKeys) }),
  );
  for (const key of keys) console.log(toLine(key));
  return 0;
}

function toLine({ kid, state, signsFrom, signsUntil }: SigningKey): string {
  return `${kid.padEnd(44)} ${state.padEnd(7)} signs from ${signsFrom.toISOString()}${signsUntil ? ` until ${signsUntil.toISOString()}` : ''}`;
}
