/** `npm run problems`: writes the generated parts of docs/problems.md. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { problemsPage } from './problems.ts';

const { path, text } = problemsPage(join(import.meta.dirname, '../..'));
writeFileSync(path, text);
