import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ContractMessage } from './define-message.ts';

/**
 * Every message of every producer, read from the files in `messages/`, so that there is no list to maintain. For documents
 * and tests; a service imports the producers that it uses.
 */
export async function readMessages(contractFolder: string): Promise<ContractMessage[]> {
  const folder = join(contractFolder, 'messages');
  const producers: { messages: readonly ContractMessage[] }[] = await Promise.all(
    readdirSync(folder)
      .sort()
      .map((file) => import(join(folder, file))),
  );
  return producers.flatMap(({ messages }) => messages);
}
