import { z } from 'zod';
import { SUBJECT_OF_MISMATCH } from '../../contract/descriptions.ts';
import { pageOf, success, time } from '../../edge/openapi/answers.ts';
import { type Operation, routeOf } from '../../edge/openapi/document.ts';
import { emptyBody, listQuery } from './reconciliation.routes.ts';

const counts = z.record(z.string(), z.int().min(0));
const value = z.union([z.string(), z.number()]);
const run = z.strictObject({
  id: z.uuidv7(),
  status: z
    .enum(['running', 'finished', 'failed'])
    .meta({ description: '`failed`: not everything could be compared; it says nothing of what agrees' }),
  requestedBy: z.string().optional().meta({ description: 'The client that asked for it. Absent: its time had come' }),
  full: z.boolean().meta({ description: 'Everything was compared; if not, what is new, open or known to differ' }),
  startedAt: time,
  finishedAt: time.optional(),
  error: z.string().optional().meta({ description: 'Why it failed' }),
  checked: counts.meta({ description: 'How many of what were compared' }),
  total: z.int().min(0).meta({ description: 'Mismatches found' }),
  kinds: counts.meta({ description: 'Mismatches found, by kind; kinds without any are absent' }),
  repaired: z.int().min(0).meta({ description: 'For how many of them the lost command was written again' }),
});
const reconciliationRun = run.meta({ id: 'ReconciliationRun' });
const mismatch = z
  .strictObject({
    kind: z.string(),
    subject: z.string().meta({ description: SUBJECT_OF_MISMATCH }),
    expected: value,
    found: value,
    because: z.string().meta({ description: 'Why that is expected' }),
    proposal: z.string().meta({ description: 'What a person can do, or what is done already' }),
    repaired: z.boolean().meta({ description: 'Whether the lost command was written again' }),
  })
  .meta({ id: 'Mismatch' });
const runWithMismatches = run
  .extend({ mismatches: z.array(mismatch).meta({ description: 'The first 50' }) })
  .meta({ id: 'ReconciliationRunWithMismatches' });
const { nextCursor } = pageOf(mismatch).shape;
const lastRuns = z
  .strictObject({
    lastRun: reconciliationRun.optional(),
    lastFinished: reconciliationRun.optional(),
    mismatches: z
      .array(mismatch)
      .meta({ description: 'A page of what the last finished run found: 500 at most in all' }),
    nextCursor,
  })
  .meta({ id: 'Reconciliation' });

/** `/reconciliation` below a service's operations, as clients see it; `found` is a mismatch that this service can find. */
export function reconciliationOperations(base: string, found: z.input<typeof mismatch>): Operation[] {
  const finished = {
    id: '0195f0a0-0000-7000-8000-00000000000b',
    status: 'finished',
    requestedBy: 'operations-1',
    full: true,
    startedAt: '2026-01-05T12:00:00.000Z',
    finishedAt: '2026-01-05T12:00:00.400Z',
    checked: { records: 1200 },
    total: 1,
    kinds: { [found.kind]: 1 },
    repaired: found.repaired ? 1 : 0,
  };
  const { finishedAt: _, ...begun } = finished;
  const running = { ...begun, status: 'running', checked: {}, total: 0, kinds: {}, repaired: 0 };
  const path = `${base}/reconciliation`;
  const common = { path, route: routeOf(path), tag: 'reconciliation', groups: ['operations'] } as const;
  return [
    {
      ...common,
      method: 'get',
      operationId: 'readReconciliation',
      summary: 'Read what the last comparison found',
      description: 'Each mismatch says what was expected, why, and what a person can do.',
      query: listQuery,
      answers: [
        success(200, 'The last run, the last one that finished, and what that found.', lastRuns, {
          lastRun: finished,
          lastFinished: finished,
          mismatches: [found],
        }),
      ],
    },
    {
      ...common,
      method: 'post',
      operationId: 'reconcile',
      summary: 'Compare everything now',
      description:
        'Runs that come by themselves compare what is new, open or known to differ, and once a day everything. There is ' +
        'one comparison at a time: joins a full one that is under way, and takes the place of another.',
      body: { schema: emptyBody, example: {}, optional: true },
      answers: [
        {
          ...success(200, 'It has ended.', runWithMismatches, { ...finished, mismatches: [found] }),
          headers: { 'Idempotent-Replayed': false },
        },
        {
          ...success(202, 'It takes longer than 2 s: read it later, or repeat with the same key.', runWithMismatches, {
            ...running,
            mismatches: [],
          }),
          headers: { Location: true },
        },
      ],
    },
  ];
}
