import { time } from '@shop/chassis/edge/openapi/answers.ts';
import { z } from 'zod';
import { staffRoles } from '../accounts/account.ts';

/** The schema of an account, also of one that is unverified or deleted, as the back office sees it. */
export const accountRecord = z
  .strictObject({
    id: z.uuidv7(),
    email: z.string().optional().meta({ description: 'Absent of a deleted account' }),
    name: z.string().optional().meta({ description: 'Absent of an unverified or a deleted account' }),
    locale: z.string(),
    roles: z.array(z.enum(staffRoles)),
    status: z.enum(['unverified', 'active', 'deleted']),
    createdAt: time,
    updatedAt: time,
    version: z.int().min(1),
  })
  .meta({ id: 'AccountRecord' });
export type AccountRecord = Omit<z.output<typeof accountRecord>, 'createdAt' | 'updatedAt'> & {
  createdAt: Date;
  updatedAt: Date;
};
