/** Replaces decK when the local gateway replaces Kong: refuses a kong.yml that the gateway does not accept. */
import { existsSync, readFileSync } from 'node:fs';
import { readDeclaration } from '@shop/stand-in/declaration.ts';

const clients = '/clients/clients.json';

try {
  const clientsText = existsSync(clients) ? readFileSync(clients, 'utf8') : undefined;
  readDeclaration(readFileSync('/kong/kong.yml', 'utf8'), process.env, clientsText);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
