import { longLocksOf } from './long-locks.ts';

describe('longLocksOf', () => {
  it.each([
    'CREATE INDEX a ON orders (id)',
    'CREATE UNIQUE INDEX a ON orders (id)',
    'ALTER TABLE orders ADD CONSTRAINT a UNIQUE (id)',
    'ALTER TABLE orders ADD CONSTRAINT a CHECK (id > 0)',
    'ALTER TABLE orders ALTER COLUMN id SET NOT NULL',
    'ALTER TABLE orders ALTER COLUMN id TYPE bigint',
    'ALTER TABLE orders ADD COLUMN a uuid DEFAULT gen_random_uuid()',
    'REINDEX INDEX orders_pkey',
    "COMMENT ON TABLE orders IS 'x'; UPDATE orders SET version = 1",
    'CREATE TABLE more (id integer); CREATE INDEX a ON orders (id)',
  ])('names %s', (sql) => {
    expect(longLocksOf(sql)).toHaveLength(1);
  });

  it.each([
    'CREATE TABLE more (id integer PRIMARY KEY, CONSTRAINT a CHECK (id > 0))',
    'CREATE INDEX CONCURRENTLY a ON orders (id)',
    'CREATE TABLE more (id integer); CREATE INDEX a ON more (id)',
    'ALTER TABLE orders ADD COLUMN a integer NOT NULL DEFAULT 0',
    'ALTER TABLE orders ADD CONSTRAINT a CHECK (id > 0) NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT a',
    'ALTER TABLE orders ADD CONSTRAINT a UNIQUE USING INDEX a',
    'ALTER TABLE orders SET (fillfactor = 80); GRANT UPDATE ON orders TO order_service',
  ])('lets %s pass', (sql) => {
    expect(longLocksOf(sql)).toEqual([]);
  });
});
