import { z } from 'zod';

/** A stock keeping unit. `.` and `..` are not allowed, because as path segments they would change the path. */
export const sku = z
  .string()
  .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/, 'Must be 1 to 64 of A-Z a-z 0-9 . _ -')
  .meta({ id: 'Sku', description: 'A stock keeping unit', examples: ['MUG-BLUE'] });
