/**
 * The table `idempotency_keys` belongs to this folder: no other file names one of its columns. A service that writes its own
 * rows in the same statement takes a fragment of keys.sql.ts.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../../../..');
const owners = [
  /^chassis\/src\/reliable\/idempotency\//,
  // What tests do behind the services' backs.
  /^chassis\/src\/testing\/idempotency-keys\.ts$/,
  /\/migrations\//,
  /\/schema\.sql$/,
  // Changes of files that are owners.
  /^e2e\/broken-variants\/.*\.patch$/,
  // Another program, with a table of its own that has this name.
  /^bench\/naive\//,
  // Copies whole rows from one database to another, in an image that has no Node.
  /^deploy\/backup\/bring-back\.sh$/,
];

const COLUMN =
  /\b(client_id|key|fingerprint|state|resource_id|token|lease_until|status|location|body|replays|replayed_at|created_at)\b/;

/** The statements on the table that name a column of it, or all of them; one that it shares with other tables, too. */
function columnsNamed(text: string): string[] {
  const statements = text
    .split(/[`;]/)
    .filter((part) => /\b(FROM|JOIN|INTO|UPDATE|ON)\s+idempotency_keys\b/i.test(part));
  return statements.filter((statement) => COLUMN.test(statement) || /\*/.test(statement.replaceAll('count(*)', '')));
}

function filesWithTable(): string[] {
  return execFileSync('git', ['grep', '-lI', 'idempotency_keys'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((file) => file !== '' && !owners.some((owner) => owner.test(file)));
}

describe('the columns of idempotency_keys', () => {
  it('are named by no other file', () => {
    const files = filesWithTable();
    expect(files).toContain('chassis/src/service/reaper.ts');
    const named = files.flatMap((file) =>
      columnsNamed(readFileSync(join(root, file), 'utf8')).map((statement) => ({ file, statement })),
    );
    expect(named).toEqual([]);
  });

  it.each([
    ['a column', "q.query('SELECT state FROM idempotency_keys')"],
    ['all columns', 'q.query(`\n  SELECT k.*\n  FROM idempotency_keys k`)'],
    ['a column in a larger statement', 'q.query(`WITH a AS (UPDATE idempotency_keys k SET token = 2) SELECT 1`)'],
    ['a column in a script', 'psql -c "DELETE FROM idempotency_keys WHERE client_id = 1"'],
  ])('are found: %s', (_what, text) => {
    expect(columnsNamed(text)).toHaveLength(1);
  });

  it.each([
    ['the rows alone', "q.query('DELETE FROM idempotency_keys')"],
    ['their number', 'q.query(`SELECT count(*) FROM idempotency_keys`)'],
    ['the table beside other columns', "q.query('SELECT status FROM orders'); sizeOf('idempotency_keys')"],
    ['prose', '// The key of a row in `idempotency_keys` has a state.'],
  ])('are not found in what names %s', (_what, text) => {
    expect(columnsNamed(text)).toEqual([]);
  });
});
