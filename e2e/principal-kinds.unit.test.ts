import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { copyTree } from './broken-variants/tree.ts';

it('a new kind of principal does not compile until every place that treats kinds differently has decided', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'shop-kinds-')));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  copyTree(folder);
  const file = join(folder, 'chassis/src/edge/principal.ts');
  const union = 'export type Principal = Machine | Shopper | Staff | Service;';
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(union);
  writeFileSync(file, text.replace(union, `${union.slice(0, -1)} | { readonly kind: 'another' };`));
  const tsc = join(folder, 'node_modules/.bin/tsc');
  const { stdout } = spawnSync(tsc, ['--noEmit', '--pretty', 'false'], { cwd: folder, encoding: 'utf8' });
  const places = [...stdout.matchAll(/^([^(\s]+)\(\d+,\d+\): error TS2366: /gm)].map(([, path]) => path);
  // The scope of keys, the name in timelines, and the visibility of orders.
  expect(places.sort()).toEqual([
    ...Array(2).fill('chassis/src/edge/principal.ts'),
    'order-service/src/orders/visibility.ts',
  ]);
  expect(stdout.match(/error TS/g)).toHaveLength(places.length);
});
