/** `npm run client-types`: writes the client's types again, after a service's openapi.json has changed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from '../../services.ts';
import { API_TYPES, makeApiTypes } from './api-types.ts';

const root = join(import.meta.dirname, '../..');
const documents = services.map(({ openapi }) => JSON.parse(readFileSync(join(root, openapi), 'utf8')));
writeFileSync(join(root, API_TYPES), makeApiTypes(root, documents));
