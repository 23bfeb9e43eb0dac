import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { tailOf } from './log-tail.ts';

describeNeeding('root', process.getuid?.() === 0, 'the end of a log', () => {
  const disk = mkdtempSync(join(tmpdir(), 'disk-'));
  atEnd(() => rmSync(disk, { recursive: true }));
  beforeAll(() => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    atEnd(() => execFileSync('umount', ['-l', disk]));
  });

  it('says that the disk was full, since the log cannot', () => {
    const log = join(disk, 'part.log');
    writeFileSync(log, 'first\nlast\n');
    expect(tailOf(log)).toBe('    first\n    last');
    expect(() => writeFileSync(join(disk, 'ballast'), Buffer.alloc(2 * 1024 * 1024))).toThrow('ENOSPC');
    expect(tailOf(log)).toMatch(/ {4}last\n {4}\(the disk is full/);
  });
});
