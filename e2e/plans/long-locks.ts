// Each of these holds a lock that blocks writers while it reads or writes the whole table.
const LONG: readonly [why: string, is: RegExp, unless?: RegExp][] = [
  ['builds an index and blocks writers', /\bCREATE (UNIQUE )?INDEX\b/i, /\bINDEX CONCURRENTLY\b/i],
  ['builds an index and blocks writers', /\bREINDEX\b/i, /\bREINDEX \w+ CONCURRENTLY\b/i],
  ['builds an index and blocks writers', /\bADD (CONSTRAINT \w+ )?(PRIMARY KEY|UNIQUE)\b/i, /\bUSING INDEX\b/i],
  ['reads the table to check it', /\bADD (CONSTRAINT \w+ )?(CHECK|FOREIGN KEY)\b/i, /\bNOT VALID\b/i],
  ['reads the table to check it', /\bSET NOT NULL\b/i],
  ['rewrites the table', /\bALTER (COLUMN )?\w+ (SET DATA )?TYPE\b|\bVACUUM FULL\b|\bCLUSTER\b|\bSET (UN)?LOGGED\b/i],
  ['rewrites the table', /\bADD COLUMN\b[^,;]*\b(GENERATED|DEFAULT \w+\()/i],
  ['locks all rows that it changes until the migration ends', /^\s*(UPDATE|DELETE FROM)\b/i],
];

/** Why statements of a migration would block writers of a large existing table; empty if they would not. */
export function longLocksOf(statements: string): string[] {
  const made = new Set<string | undefined>();
  return statements.split(';').flatMap((statement) => {
    const sql = statement.replace(/--[^\n]*/g, '').trim();
    const table = /^CREATE TABLE\s+(\w+)/i.exec(sql)?.[1];
    if (table !== undefined) {
      made.add(table);
      return [];
    }
    // A table that the same statements have made is empty, and nobody else sees it yet.
    if (made.has(/^CREATE (?:UNIQUE )?INDEX \w+ ON (\w+)/i.exec(sql)?.[1])) return [];
    return LONG.filter(([, is, unless]) => is.test(sql) && !unless?.test(sql)).map(([why]) => `${why}: ${sql}`);
  });
}
