import { unboundedReads } from './judge-plan.ts';
import { sqlIn } from './sql-in-sources.ts';

const tables = { growing: new Set(['orders']), small: new Set(['few']), wide: new Set(['of_client']) };
const reads = (plan: object) => unboundedReads(plan as Parameters<typeof unboundedReads>[0], tables);
const OF_CLIENT = { 'Index Name': 'of_client', 'Index Cond': '(client_id = $1)' };
const scan = (more: object = {}) => ({
  'Node Type': 'Index Scan',
  'Relation Name': 'orders',
  'Index Name': 'orders_pkey',
  'Parent Relationship': 'Outer',
  ...more,
});
const limited = (child: object) => ({ 'Node Type': 'Limit', Plans: [child] });

describe('unboundedReads', () => {
  it.each([
    ['a sequential scan', { 'Node Type': 'Seq Scan', 'Relation Name': 'orders' }],
    ['an index that is read as a whole', scan()],
    ['an index that is read until a row is found', limited(scan({ Filter: 'status' }))],
    [
      'an index that is sorted before the limit',
      limited({ 'Node Type': 'Sort', 'Parent Relationship': 'Outer', Plans: [scan()] }),
    ],
    [
      'the inner side of a join',
      limited({
        'Node Type': 'Nested Loop',
        'Parent Relationship': 'Outer',
        Plans: [scan({ 'Parent Relationship': 'Inner' })],
      }),
    ],
    [
      'the index of a bitmap',
      {
        'Node Type': 'Bitmap Heap Scan',
        'Relation Name': 'orders',
        Plans: [{ 'Node Type': 'Bitmap Index Scan', 'Index Name': 'orders_pkey' }],
      },
    ],
    ['all rows of one client', scan(OF_CLIENT)],
    ['the rows of one client until a row is found', limited(scan({ ...OF_CLIENT, Filter: 'key' }))],
  ])('finds %s', (_, plan) => {
    expect(reads(plan)).toHaveLength(1);
  });

  it.each([
    ['a condition of the index', scan({ 'Index Cond': '(id = $1)' })],
    ['a limit', limited(scan())],
    ['the newest rows of one client', limited(scan(OF_CLIENT))],
    ['an index of few rows', scan({ 'Index Name': 'few' })],
    ['a table that does not grow', { 'Node Type': 'Seq Scan', 'Relation Name': 'currencies' }],
  ])('lets %s pass', (_, plan) => {
    expect(reads(plan)).toEqual([]);
  });
});

describe('sqlIn', () => {
  it('finds statements, and of each the longest part that is always the same', () => {
    const source = `
      // It isn't SELECT that matters.
      const a = 'SELECT 1 FROM t';
      const b = /* sql */ \`
        -- first
        WITH x AS (SELECT \${columns.join(', ')} FROM t)
        UPDATE t SET a = 1, b = 2, c = 3\`;
      const c = 'Select the order';`;
    expect(sqlIn(source)).toEqual(['SELECT 1 FROM t', 'FROM t) UPDATE t SET a = 1, b = 2, c = 3']);
  });
});
