/** `npm run problems`: writes what docs/problems.md says about each code. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { problemsPage } from './problems.ts';

const { path, text } = problemsPage(join(import.meta.dirname, '../..'));
writeFileSync(path, text);
