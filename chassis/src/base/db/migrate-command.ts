import { z } from 'zod';
import { readConfig } from '../config/read-config.ts';
import { migrate } from './migrate.ts';

const usage = `Usage: node src/migrate.ts up|down
  DATABASE_OWNER_URL  the database, as the owner of its schema
  DATABASE_URL        the database, as the application role, which is created if it does not exist`;

const variables = z.object({ DATABASE_OWNER_URL: z.url(), DATABASE_URL: z.url() });

/** The command `migrate.ts up|down` of a service. Sets the exit code: 2 for invalid usage, 1 for a failure. */
export async function migrateCommand(directory: string, args: readonly string[]): Promise<void> {
  const [direction] = args;
  if (args.length !== 1 || (direction !== 'up' && direction !== 'down')) {
    console.error(usage);
    process.exitCode = 2;
    return;
  }
  try {
    const env = readConfig(variables);
    const onWait = () => console.error('Another migration of this database is running; waiting for it.');
    const names = await migrate(
      { ownerUrl: env.DATABASE_OWNER_URL, applicationUrl: env.DATABASE_URL, directory, onWait },
      direction,
    );
    console.log(names.length === 0 ? 'nothing to do' : `${direction}: ${names.join(', ')}`);
  } catch (error) {
    console.error(`migrate ${direction} failed: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
