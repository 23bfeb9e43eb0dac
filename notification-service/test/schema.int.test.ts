import { join } from 'node:path';
import { describeSchema } from '@shop/chassis/testing/describe-schema.ts';
import { createNotificationDatabase } from './test-app.ts';

const { database } = describeSchema({
  folder: join(__dirname, '..'),
  createDatabase: createNotificationDatabase,
  refused: ['ALTER TABLE notifications ADD COLUMN more text', 'TRUNCATE attempts'],
});

describe('the schema of notifications', () => {
  beforeEach(() => database().truncate());

  it.each([
    ['one that waits without a time', `'queued', NULL`, 'notifications_due_at_check'],
    ['one that is sent and due', `'sent', now()`, 'notifications_due_at_check'],
    ['another state', `'lost', NULL`, 'notifications_state_check'],
  ])('refuses %s', async (_what, values, constraint) => {
    const insert = database().pool.query(`
      INSERT INTO notifications (id, event_id, template, recipient, subject_id, message_id, correlation_id, state, due_at)
      VALUES (gen_random_uuid(), gen_random_uuid(), 'sign-up', 'a', gen_random_uuid(), '<a@b>', 'c', ${values})`);
    await expect(insert).rejects.toMatchObject({ constraint });
  });
});
