import { statfsSync } from 'node:fs';
import { Fault } from '@shop/chassis/base/fault.ts';

// The rows of an order with two lines take 2.7 kB in both databases, including indexes; building them needs sort files.
const BYTES_PER_ORDER = 4_000;
// Two servers keep up to a gigabyte of WAL each, and a run writes its own orders.
const BESIDES_BYTES = 4e9;

/** Throws a Fault if the disk of this folder has not enough space for this many orders. */
export function requireDisk(folder: string, rows: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const [free, needed] = [bavail * bsize, rows * BYTES_PER_ORDER + BESIDES_BYTES];
  if (free >= needed) return;
  throw new Fault(
    `${rows.toLocaleString('en-US')} orders need about ${gigabytes(needed)} of disk, and ${folder} has ${gigabytes(free)} free.`,
  );
}

function gigabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e9).toLocaleString('en-US')} GB`;
}
