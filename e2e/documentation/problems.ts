import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  allProblems,
  gatewayRefusals,
  type ProblemDefinition,
  problemSections,
} from '@shop/chassis/contract/problems.ts';
import { toTable } from './table.ts';

/** docs/problems.md as it is, and with the generated parts between its marks. */
export function problemsPage(root: string): { path: string; text: string; asItIs: string } {
  const path = join(root, 'docs/problems.md');
  const asItIs = readFileSync(path, 'utf8');
  const withCodes = between(asItIs, 'codes', codes());
  return { path, asItIs, text: between(withCodes, 'refusals of the gateway', toTable(ofGateway())) };
}

function codes(): string {
  return Object.entries(problemSections)
    .flatMap(([section, introduction]) => [
      `## ${section}`,
      ...(introduction ? [introduction] : []),
      ...allProblems
        .filter(([, problem]) => problem.section === section)
        .flatMap(([code, problem]) => [`### \`${code}\``, described(problem)]),
    ])
    .map((paragraph) => `${paragraph}\n`)
    .join('\n');
}

function described({ status, header, stored, meaning, action }: ProblemDefinition): string {
  return `${status}${header ? ` with \`${header}\`` : ''}, ${stored ? 'stored' : 'not stored'}. ${meaning} ${action}`;
}

function ofGateway(): string[][] {
  return [
    ['Status', 'Meaning', 'Do'],
    ...gatewayRefusals.map(({ status, meaning, action }) => [String(status), meaning, action]),
  ];
}

function between(page: string, mark: string, text: string): string {
  const begin = `<!-- ${mark}: npm run problems -->\n`;
  const end = `<!-- end of ${mark} -->\n`;
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`docs/problems.md has no marks for: ${mark}`);
  return `${before}${begin}\n${text}\n${end}${after}`;
}
