import { tmpdir } from 'node:os';
import { requireDisk } from './disk.ts';

describe('requireDisk', () => {
  it('says how much is missing for how many orders', () => {
    expect(() => requireDisk(tmpdir(), 1_000_000_000_000)).toThrow(
      /^1,000,000,000,000 orders need about [\d,]+ GB of disk, and \S+ has [\d,]+ GB free\.$/,
    );
  });

  it('is silent when there is room', () => {
    expect(() => requireDisk(tmpdir(), 1)).not.toThrow();
  });
});
