import { join } from 'node:path';
import { migrateCommand } from '@shop/chassis/base/db/migrate-command.ts';

await migrateCommand(join(import.meta.dirname, '../migrations'), process.argv.slice(2));
