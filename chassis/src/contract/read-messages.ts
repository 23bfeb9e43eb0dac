import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ContractMessage } from './define-message.ts';

/**
 * Every message of every producer, from the files in `messages/`: a new one is found without a list that names it. For
 * documents and tests; a service imports the producers that it knows.
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
