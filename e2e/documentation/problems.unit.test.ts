import { join } from 'node:path';
import { problemsPage } from './problems.ts';

it('docs/problems.md says about each code what the table of all problems says', () => {
  const { text, asItIs } = problemsPage(join(__dirname, '../..'));
  if (asItIs !== text)
    throw new Error('docs/problems.md has drifted from the code. Make it again with: npm run problems');
});
