/** The parts of package-lock.json that count: npm writes down each package's licence. */
export interface Lockfile {
  packages: Record<string, { version?: string; license?: string; dev?: boolean; link?: boolean }>;
}

/** Licences that ask for nothing but to be named with the copies, which the images do: each package's file is in them. */
const allowed = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'Unlicense'];

/** One line for each package that production needs and whose licence is not allowed, or not known. */
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

/** Reads an SPDX expression of the forms that packages use: one licence, several to choose from, several at once. */
function isAllowed(expression: string | undefined): boolean {
  if (expression === undefined) return false;
  const choices = expression.replaceAll(/[()]/g, '').split(' OR ');
  // Brackets tell what AND and OR belong to; where both are there, all of them must be allowed.
  const every = expression.includes(' AND ') ? choices.flatMap((choice) => choice.split(' AND ')) : undefined;
  if (every) return every.every((licence) => allowed.includes(licence));
  return choices.some((licence) => allowed.includes(licence));
}
