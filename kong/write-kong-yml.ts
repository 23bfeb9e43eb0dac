/** `npm run gateway`: writes kong.yml. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkedInKongYml } from './checked-in.ts';

const root = join(import.meta.dirname, '..');
writeFileSync(join(root, 'kong/kong.yml'), checkedInKongYml(root));
