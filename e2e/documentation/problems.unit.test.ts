import { join } from 'node:path';
import { problemsPage } from './problems.ts';

it('docs/problems.md is up to date with the table of all problems', () => {
  const { text, asItIs } = problemsPage(join(__dirname, '../..'));
  if (asItIs !== text) throw new Error('docs/problems.md differs from the code. To regenerate it: npm run problems');
});
