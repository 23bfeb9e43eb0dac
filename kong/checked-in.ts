import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from '../services.ts';
import { kongYml } from './declare.ts';

/** The text of kong.yml that results from the files of this repository. */
export function checkedInKongYml(root: string): string {
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  return kongYml(
    read('kong/gateway.yml'),
    services.map((service) => ({ ...service, document: read(service.openapi) })),
  );
}
