import { join } from 'node:path';
import { describeSchema } from '@shop/chassis/testing/describe-schema.ts';
import { createOrderDatabase } from './test-app.ts';

describeSchema({
  folder: join(__dirname, '..'),
  createDatabase: createOrderDatabase,
  refused: [
    'ALTER TABLE orders ADD COLUMN x text',
    'DROP TABLE order_lines',
    'TRUNCATE orders',
    'DELETE FROM orders',
    "UPDATE order_timeline SET actor = 'x'",
    'DELETE FROM order_timeline',
    'UPDATE order_lines SET quantity = 1',
    'UPDATE order_changes SET position = 1',
    'DELETE FROM order_changes_epochs',
  ],
});
