import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { orderBy } from '../order-by.ts';
import { DATABASE_FAULTS, databaseFault } from './faults.ts';

describe('the table of faults', () => {
  it('is the one of docs/operating.md', () => {
    const page = readFileSync(join(__dirname, '../../../../docs/operating.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([0-9A-Z]{2,5})` +\|(.*)\|$/gm)].map(([, state, rest]) => [
      state,
      ...(rest ?? '').split('|').map((cell) => cell.trim()),
    ]);
    const expected = Object.entries(DATABASE_FAULTS).map(([state, fault]) => [
      state,
      fault.meaning,
      fault.session,
      fault.consumer,
      fault.health,
    ]);
    expect(rows).toEqual(expected.sort(orderBy(([name]) => String(name))));
  });

  it.each([
    ['no error of a database', new Error('no'), undefined],
    ['a refused value', { code: '22021' }, undefined],
    ['a class', { code: '08006' }, 'connection failure'],
    ['a row within a class', { code: '53100' }, 'disk full'],
    ['the rest of it', { code: '53000' }, 'the server has insufficient resources'],
    ['a limit of the statement', { code: '57014' }, 'statement timeout'],
    ['a cancellation', { code: '57014', early: true }, 'the statement was cancelled by a user'],
    ['the network', { code: 'ECONNRESET' }, 'the database is unreachable'],
    ['a certificate', { code: 'CERT_HAS_EXPIRED', connecting: true }, 'the database is unreachable'],
    ['a permission to connect', { code: '42501', connecting: true }, 'the database is unreachable'],
    ['a permission on a table', { code: '42501' }, undefined],
  ])('knows %s', (_what, error, meaning) => {
    expect(databaseFault(error)?.meaning).toBe(meaning);
  });
});
