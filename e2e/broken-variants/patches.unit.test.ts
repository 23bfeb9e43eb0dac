import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkEvidence } from '@shop/chaos/checker.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { applyPatch, copyTree, filesOfPatch } from './tree.ts';
import { readVariants } from './variants.ts';

const variants = readVariants();

describe('the broken variants', () => {
  it('name existing rules of the checker', () => {
    expect(ruleNames()).toEqual(expect.arrayContaining(variants.flatMap(({ rules }) => rules)));
  });

  it('name an existing test, if a faster one finds them too', () => {
    for (const { file, title } of variants.flatMap(({ test }) => test ?? [])) {
      const source = readFileSync(join(__dirname, '../..', file), 'utf8').replaceAll("\\'", "'");
      expect(source).toContain(`('${title}'`);
    }
  });

  it('are listed in the README with their rules', () => {
    const rows = readFileSync(join(__dirname, 'README.md'), 'utf8').split('\n');
    for (const { name, rules } of variants) {
      const row = rows.find((line) => line.startsWith(`| [${name}]`));
      expect(row).toBeDefined();
      for (const rule of rules) expect(row).toContain(rule);
    }
  });
});

describeNeeding('git', spawnSync('git', ['--version']).status === 0, 'a copy of the tree', () => {
  let folder: string;

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'shop-copy-')));
    copyTree(folder);
  });
  atEnd(() => rmSync(folder, { recursive: true, force: true }));

  it('runs its own files: its workspaces resolve to the copy', () => {
    const ask = `console.log(import.meta.resolve('@shop/chassis/reliable/outbox/relay.ts'))`;
    const answer = execFileSync(process.execPath, ['--input-type=module', '--eval', ask], {
      cwd: join(folder, 'order-service'),
      encoding: 'utf8',
    });
    expect(answer.trim()).toBe(`file://${folder}/chassis/src/reliable/outbox/relay.ts`);
  });

  it('accepts every patch, and the patched files still compile', () => {
    for (const { name, patch } of variants) {
      applyPatch(folder, patch);
      // Next to the original, under a different name, so that one run of the compiler checks all of them.
      const files = filesOfPatch(readFileSync(patch, 'utf8'));
      for (const file of files) copyFileSync(join(folder, file), join(folder, file.replace(/ts$/, `${name}.ts`)));
      applyPatch(folder, patch, '--reverse');
    }
    const { status, stdout } = spawnSync(join(folder, 'node_modules/.bin/tsc'), ['--noEmit'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it('refuses a patch that does not apply', () => {
    const patch = join(folder, 'odd.patch');
    writeFileSync(patch, readFileSync(variants[0]?.patch ?? '', 'utf8').replace(/^-(?!--).+$/m, '-something else'));
    expect(() => applyPatch(folder, patch)).toThrow('patch does not apply');
  });
});

function ruleNames(): string[] {
  const nothing = {
    operations: [],
    orders: [],
    timeline: [],
    listed: [],
    events: [],
    streamed: { changes: [], resets: 0, failures: [] },
    skus: [],
    levels: [],
  };
  const noStock = {
    movements: [],
    reservations: [],
    reservationLines: [],
    deadLetters: [],
    crashes: [],
    connections: [],
    memory: [],
    availability: [],
  };
  const noShoppers = {
    ...{ shoppers: [], sessions: [], sightings: [], shown: [], histories: [] },
    digests: { orders: [], histories: [] },
  };
  const quiet = { samples: { checked: 0, findings: [] }, unfinished: { orders: [], places: [] } };
  return checkEvidence({ ...nothing, ...noStock, ...noShoppers, ...quiet }).map(({ rule }) => rule);
}
