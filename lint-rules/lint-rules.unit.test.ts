/** A crossing of each kind, planted: `npm run lint` fails on it, and says what is wrong. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';

const root = join(__dirname, '..');

/** What the linter says of these files, in a tree of their own under the project's rules. */
function lint(files: Record<string, string>): string {
  const tree = mkdtempSync(join(tmpdir(), 'shop-lint-'));
  atEnd(() => rmSync(tree, { recursive: true }));
  const { vcs: _, ...rules } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
  writeFileSync(join(tree, 'biome.json'), JSON.stringify(rules));
  cpSync(join(root, 'lint-rules'), join(tree, 'lint-rules'), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(tree, dirname(path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  const { stdout, stderr } = spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', ...Object.keys(files)], {
    cwd: tree,
    encoding: 'utf8',
  });
  return stdout + stderr;
}

const layers = 'Layers import downward only';
const pure = 'A pure file imports types, and values of other pure files only';
const service = 'A service imports no other service';
const client = 'A client is published alone';
const pool = 'One pool for each process';
const clock = 'Take the time as an argument';

it.each([
  ['chassis/src/reliable/outbox/relay.ts', `import { x } from '../../base/telemetry/log.ts';`, layers],
  ['chassis/src/reliable/outbox/relay.ts', `import type { X } from '@shop/chassis/base/telemetry/log.ts';`, layers],
  ['chassis/src/reliable/outbox/relay.ts', `import { x } from '../../contract/problems.ts';`, layers],
  ['chassis/src/reliable/outbox/relay.ts', `export { x } from '../../edge/problem.ts';`, layers],
  ['chassis/src/reliable/outbox/relay.ts', `await import('../../service/runtime.ts');`, layers],
  ['chassis/src/base/db/pool.ts', `import { x } from '../../contract/problems.ts';`, layers],
  ['chassis/src/reliable/outbox/relay.int.test.ts', `import { x } from '../../contract/subject.ts';`, layers],
  ['chassis/src/base/db/pool.int.test.ts', `import { x } from '../../service/health.ts';`, layers],
  ['chassis/src/contract/problems.ts', `import { x } from '../edge/app.ts';`, layers],
  ['chassis/src/edge/problem.ts', `import { x } from '../operations/reconciliation/run.ts';`, layers],
  ['chassis/src/operations/reconciliation/run.ts', `import { x } from '../../service/health.ts';`, layers],
  ['order-service/src/orders/order.ts', `import { z } from 'zod';`, pure],
  ['order-service/src/orders/order.ts', `import { type X, x, y } from './orders.sql.ts';`, pure],
  ['inventory-service/src/reservations/decide.ts', `import { x } from '../stock/stock.sql.ts';`, pure],
  ['inventory-service/src/reservations/decide.ts', `export { x } from '../stock/stock.sql.ts';`, pure],
  ['order-service/src/app.ts', `import { x } from '../../inventory-service/src/app.ts';`, service],
  ['inventory-service/src/app.ts', `import { x } from '@shop/order-service/app.ts';`, service],
  ['further-service/src/app.ts', `import { x } from '@shop/order-service/app.ts';`, service],
  ['order-service/test/test-app.ts', `import { x } from '@shop/account-service/app.ts';`, service],
  ['order-service/src/app.int.test.ts', `import { x } from '@shop/inventory-service/app.ts';`, service],
  ['order-service/src/orders/completer.ts', `import { createPool } from '@shop/chassis/base/db/pool.ts';`, pool],
  ['order-service/src/orders/completer.ts', `import { type Pool, createPool as make } from '../db/pool.ts';`, pool],
  ['chassis/src/edge/problem.ts', `import { createPool } from '../base/db/pool.ts';`, pool],
  ['order-service/src/app.ts', `import { x } from '@shop/chassis/testing/eventually.ts';`, 'for tests only'],
  ['clients/typescript/src/call.ts', `import { x } from '@shop/chassis/contract/problems.ts';`, client],
  ['clients/typescript/src/call.ts', `import type { X } from '../../../order-service/src/orders/order.ts';`, client],
  ['clients/typescript/src/call.ts', `import { setTimeout } from 'node:timers/promises';`, client],
  ['clients/typescript/src/call.ts', `import { z } from 'zod';`, client],
  ['chassis/src/reliable/outbox/relay.ts', `import { x } from '../../testing/eventually.ts';`, 'for tests only'],
  ['order-service/src/app.ts', 'export const x = process.env.X;', 'noProcessEnv'],
  ['order-service/src/app.ts', 'export const x = new Date();', clock],
  ['chassis/src/reliable/outbox/relay.ts', 'export const x = Date.now();', clock],
  ['chassis/src/service/runtime.ts', 'export const x = process.env.X;', 'noProcessEnv'],
])('fails in %s on %s', (path, line, message) => {
  expect(lint({ [path]: `${line}\n` })).toContain(message);
});

it.each([
  ['chassis/src/edge/problem.ts', `export { x } from '../reliable/refusal.ts';`],
  ['chassis/src/base/db/pool.ts', `export { x } from '../../reliable/postgres/faults.ts';`],
  ['inventory-service/src/reservations/decide.ts', `export { x } from '../stock/stock-level.ts';`],
  ['inventory-service/src/reservations/decide.ts', `export { x } from '@shop/chassis/reliable/order-by.ts';`],
  ['order-service/src/orders/order.ts', `export type { x } from 'zod';`],
  ['order-service/src/orders/order.ts', `import type { z } from 'zod';\nexport type X = z.ZodType;`],
  ['order-service/src/orders/completer.ts', `export type { Pool } from '@shop/chassis/base/db/pool.ts';`],
  ['order-service/src/config.ts', 'export const x = process.env.X;'],
  ['order-service/src/app.ts', 'export const x = new Date(performance.now());'],
  ['order-service/src/app.int.test.ts', 'export const x = new Date();'],
  ['chassis/src/service/runtime.ts', 'export const x = () => new Date();'],
  ['chassis/src/reliable/outbox/relay.int.test.ts', `export { x } from '../../testing/eventually.ts';`],
  ['chassis/src/reliable/outbox/relay.int.test.ts', `export { createMetrics } from '../../base/telemetry/metrics.ts';`],
  ['chassis/src/operations/dead-letters/dead-letters.int.test.ts', `export { x } from '../../service/app.ts';`],
  ['clients/typescript/src/call.ts', `export { newKey } from './key.ts';`],
  ['clients/typescript/src/call.unit.test.ts', `export { atEnd } from '@shop/chassis/testing/at-end.ts';`],
  ['chassis/src/testing/database.ts', `export { createPool } from '../base/db/pool.ts';`],
])('has nothing against, in %s, %s', (path, line) => {
  const said = lint({ [path]: `${line}\n` });
  expect(said).toContain('Checked 1 file');
  expect(said).not.toContain('×');
});

it('finds a circle', () => {
  const files = {
    'operator/src/one.ts': `export { two } from './two.ts';\nexport const one = 1;\n`,
    'operator/src/two.ts': `export { one } from './one.ts';\nexport const two = 2;\n`,
  };
  expect(lint(files)).toContain('noImportCycles');
});
