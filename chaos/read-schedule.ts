import { readFileSync } from 'node:fs';
import { UsageError } from '@shop/chassis/base/fault.ts';
import { z } from 'zod';
import { faultKinds, type PlannedFault } from './schedule.ts';

const fault = z.object({
  kind: z.enum(faultKinds),
  part: z.string(),
  how: z.string(),
  at: z.int().min(0),
  lasts: z.int().min(0),
});

/** Reads faults from a file; throws a UsageError if it is invalid. */
export function readSchedule(file: string): PlannedFault[] {
  try {
    return z.array(fault).parse(JSON.parse(readFileSync(file, 'utf8'))) as PlannedFault[];
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error).replaceAll(/\s+/g, ' ') : (error as Error).message;
    throw new UsageError(`--schedule ${file}: ${why}`);
  }
}
