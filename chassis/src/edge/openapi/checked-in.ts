import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serviceConfig } from '../../base/config/read-config.ts';
import type { Published } from './document.ts';

/** The text of a service's `openapi.json`: its document with the default settings. */
export function checkedInText(describe: (published: Published) => object, serviceFolder: string): string {
  const { version } = JSON.parse(readFileSync(join(serviceFolder, 'package.json'), 'utf8')) as { version: string };
  const keyRetentionHours = serviceConfig.shape.KEY_RETENTION_HOURS.parse(undefined);
  return `${JSON.stringify(describe({ version, keyRetentionHours }), null, 2)}\n`;
}
