/** `npm run licences`: fails if the licence of a production dependency is not allowed. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { licenceFaults } from './licence-faults.ts';

const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8'));
const faults = licenceFaults(lock);
for (const fault of faults) console.error(fault);
if (faults.length > 0) {
  console.error('Use another package, or add the licence to .github/scripts/licence-faults.ts.');
  process.exitCode = 1;
}
