/** `npm run looks` as a developer runs it: pictures of real pages, and a sheet that has them. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { hasBrowser } from '../../browser.ts';
import type { Picture } from '../../looks/take.ts';

const run = promisify(execFile);

describeNeeding('Chromium', hasBrowser, 'npm run looks', () => {
  it('takes pictures of the chosen page in each state, width and theme, and leaves no system behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shop-looks-'));
    atEnd(() => rmSync(folder, { recursive: true, force: true }));
    const cli = join(__dirname, '../../../commands/cli.ts');
    const { stdout } = await run(process.execPath, [cli, 'looks', 'failure', '--json'], {
      env: { ...process.env, LOCAL_DIR: folder },
    });
    const taken = JSON.parse(stdout) as { folder: string; pictures: Picture[] };
    const names = taken.pictures.map(({ detail, state }) => [detail, state].filter(Boolean).join(' '));
    expect(new Set(names)).toEqual(new Set(['full', 'empty', 'loading', 'error', 'discard full']));
    expect(names).toHaveLength(5 * 4);
    for (const { file, width } of taken.pictures) {
      const png = readFileSync(join(taken.folder, file));
      expect(png.subarray(1, 4).toString()).toBe('PNG');
      expect(png.readUInt32BE(16)).toBe(width);
    }
    // Each of them is another one.
    const contents = taken.pictures.map(({ file }) => readFileSync(join(taken.folder, file)).toString('base64'));
    expect(new Set(contents).size).toBe(contents.length);
    expect(existsSync(join(taken.folder, 'index.html'))).toBe(true);
  });
});
