/** The parts of package-lock.json in use. npm records the licence of each package in it. */
export interface Lockfile {
  packages: Record<string, { version?: string; license?: string; dev?: boolean; link?: boolean }>;
}

/** Licences that only require their text to be distributed with copies. The images contain the licence file of each package. */
const allowed = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
];

/** One line for each production package whose licence is not allowed or unknown. */
export function licenceFaults({ packages }: Lockfile): string[] {
  const installed = Object.entries(packages).filter(([path]) => path.includes('node_modules/'));
  if (installed.length === 0) return ['package-lock.json lists no packages'];
  return installed
    .filter(([, { dev, link, license }]) => !dev && !link && !isAllowed(license))
    .map(([path, { version, license = 'an unknown licence' }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return `${name} ${version}: ${license}`;
    });
}

/** Evaluates an SPDX expression of the forms in use: one licence, a choice (OR), or a conjunction (AND). */
function isAllowed(expression: string | undefined): boolean {
  if (expression === undefined) return false;
  const choices = expression.replaceAll(/[()]/g, '').split(' OR ');
  // Parentheses are ignored: in an expression with AND, all licences must be allowed.
  const every = expression.includes(' AND ') ? choices.flatMap((choice) => choice.split(' AND ')) : undefined;
  if (every) return every.every((licence) => allowed.includes(licence));
  return choices.some((licence) => allowed.includes(licence));
}
