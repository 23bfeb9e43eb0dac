import { Client } from 'pg';
import { atEnd } from '../../testing/at-end.ts';
import { testServerUrl } from '../../testing/database.ts';
import { bigints, booleans, bytes, integers, jsons, texts, times, uuids } from './arrays.ts';

describe('arrays in their binary form', () => {
  let client: Client;
  beforeAll(async () => {
    client = new Client({ connectionString: testServerUrl() });
    atEnd(() => client.end());
    await client.connect();
  });

  const when = new Date('1999-12-31T23:59:59.987Z');
  const later = new Date('2026-11-21T12:00:00.001Z');
  const id = '01a1fdba-d2aa-7427-8fef-3ec85a63e5de';
  it.each([
    [
      'text',
      texts(['', 'a "quoted" \\ one', 'ß漢字🦊', '{}', 'NULL', null, undefined]),
      ['', 'a "quoted" \\ one', 'ß漢字🦊', '{}', 'NULL', null, null],
    ],
    ['jsonb', jsons(['{"a":"\\"ß"}', null]), [{ a: '"ß' }, null]],
    ['uuid', uuids([id, null]), [id, null]],
    ['bytea', bytes([Buffer.from([0, 255]), Buffer.alloc(0)]), [Buffer.from([0, 255]), Buffer.alloc(0)]],
    ['boolean', booleans([true, false]), [true, false]],
    ['integer', integers([0, -1, 2_147_483_647, null]), [0, -1, 2_147_483_647, null]],
    ['bigint', bigints([0, -1, Number.MAX_SAFE_INTEGER]), ['0', '-1', '9007199254740991']],
    ['timestamptz', times([when, later]), [when, later]],
  ])('say the same as text does: %s[]', async (type, buffer, expected) => {
    const { rows } = await client.query(
      `SELECT value FROM unnest($1::${type}[]) WITH ORDINALITY AS u (value, n) ORDER BY n`,
      [buffer],
    );
    expect(rows.map(({ value }) => value)).toEqual(expected);
  });

  it('may be empty', async () => {
    const { rows } = await client.query('SELECT cardinality($1::text[]) AS size, $1::text[] AS value', [texts([])]);
    expect(rows).toEqual([{ size: 0, value: [] }]);
  });

  it('are refused by an expectation of another type', async () => {
    await expect(client.query('SELECT $1::text[]', [uuids([id])])).rejects.toMatchObject({ code: '42804' });
  });
});
