import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { asyncapiDocument } from './document.ts';

/** The text of `asyncapi.yaml` in the chassis' folder, as the message contract makes it. */
export function checkedInText(chassisFolder: string): string {
  const { version } = JSON.parse(readFileSync(join(chassisFolder, 'package.json'), 'utf8')) as { version: string };
  const sampleOf = (routingKey: string) =>
    JSON.parse(readFileSync(join(chassisFolder, 'src/contract/samples', `${routingKey}.json`), 'utf8')) as unknown;
  const document = asyncapiDocument(version, sampleOf);
  const head = '# Every message, made from src/contract/messages.ts by `npm run asyncapi`; a test compares them.\n';
  return head + stringify(document, { aliasDuplicateObjects: false, blockQuote: 'literal', lineWidth: 0 });
}
