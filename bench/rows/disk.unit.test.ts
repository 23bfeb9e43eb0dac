import { tmpdir } from 'node:os';
import { requireDisk } from './disk.ts';

describe('requireDisk', () => {
  it('reports the required and the free space', () => {
    expect(() => requireDisk(tmpdir(), 1_000_000_000_000)).toThrow(
      /^1,000,000,000,000 orders need about [\d,]+ GB of disk, and \S+ has [\d,]+ GB free\.$/,
    );
  });

  it('accepts enough space', () => {
    expect(() => requireDisk(tmpdir(), 1)).not.toThrow();
  });
});
