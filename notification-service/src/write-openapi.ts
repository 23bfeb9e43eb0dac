/** `npm run openapi`: writes openapi.json. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkedInText } from '@shop/chassis/edge/openapi/checked-in.ts';
import { describeService } from './openapi.ts';

const folder = join(import.meta.dirname, '..');
writeFileSync(join(folder, 'openapi.json'), checkedInText(describeService, folder));
