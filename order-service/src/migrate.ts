import { join } from 'node:path';
import { readConfig } from '@shop/chassis/config/read-config.ts';
import { migrate } from '@shop/chassis/db/migrate.ts';
import { z } from 'zod';

const usage = `Usage: node src/migrate.ts up|down
  DATABASE_OWNER_URL  the database, as the owner of its schema
  DATABASE_URL        the database, as the application role; the role is made if it is absent`;

const direction = process.argv[2];
if (direction !== 'up' && direction !== 'down') {
  console.error(usage);
  process.exit(2);
}
const env = readConfig(z.object({ DATABASE_OWNER_URL: z.url(), DATABASE_URL: z.url() }), process.env);
const names = await migrate(
  {
    ownerUrl: env.DATABASE_OWNER_URL,
    applicationUrl: env.DATABASE_URL,
    directory: join(import.meta.dirname, '../migrations'),
  },
  direction,
);
console.log(names.length === 0 ? 'nothing to do' : `${direction}: ${names.join(', ')}`);
