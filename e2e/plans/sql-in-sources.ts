import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SqlInSource {
  file: string;
  /** The longest part of the statement without an expression of the program, in single spaces. */
  part: string;
}

const BEGINS_LIKE_SQL = /^\s*(--[^\n]*\n\s*)*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s/;
const STRING = /`(?:[^`\\]|\\.)*`|'(?:[^'\\\n]|\\.)*'/g;
const EXPRESSION = /\$\{(?:[^{}]|\{[^{}]*\})*\}/;

/** All SQL in the sources below a folder, without tests and migrations. */
export function sqlInSources(folder: string): SqlInSource[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !/(\.test|-table)\.ts$/.test(file) && !file.startsWith('testing/'),
  );
  return files.flatMap((file) =>
    sqlIn(readFileSync(join(folder, file), 'utf8')).map((part) => ({ file: join(folder, file), part })),
  );
}

/** The SQL in one source text. */
export function sqlIn(source: string): string[] {
  // An apostrophe in a comment would begin a string. SQL comments are inside strings and stay.
  const code = source.replace(/^\s*(\/\/|\*|\/\*\*).*$/gm, '');
  const strings = (code.match(STRING) ?? []).map((quoted) => quoted.slice(1, -1));
  return strings.filter((text) => BEGINS_LIKE_SQL.test(text)).map(longestPart);
}

function longestPart(text: string): string {
  const parts = text.split(EXPRESSION).map(inSingleSpaces);
  return parts.reduce((longest, part) => (part.length > longest.length ? part : longest), '');
}

/** Text for comparison: all whitespace becomes one space. */
export function inSingleSpaces(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
