/** In decK's place where the local gateway is in Kong's: refuses a kong.yml that the gateway would not take. */
import { readFileSync } from 'node:fs';
import { readDeclaration } from '@shop/local/gateway/declaration.ts';

try {
  readDeclaration(readFileSync('/kong/kong.yml', 'utf8'), process.env);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
