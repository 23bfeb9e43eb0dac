import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { problems as inventoryProblems } from '../../../inventory-service/src/errors.ts';
import { problems as orderProblems } from '../../../order-service/src/errors.ts';
import { edgeProblems } from './problem.ts';

const page = readFileSync(join(__dirname, '../../../docs/problems.md'), 'utf8');

/** Per code, what its section begins with. */
const sections = new Map(
  [...page.matchAll(/^### `([^`]+)`\n\n(.*)/gm)].map(([, code = '', text = '']) => [code, text]),
);
const problems = { ...edgeProblems, ...orderProblems, ...inventoryProblems };

describe('docs/problems.md', () => {
  it('has a section for each code that a service can give, and no other', () => {
    expect([...sections.keys()].sort()).toEqual(Object.keys(problems).sort());
  });

  it.each(Object.entries(problems))('begins the section of %s with its status', (code, { status }) => {
    expect(sections.get(code)).toMatch(new RegExp(`^${status}\\b`));
  });
});
