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
    .meta({ description: '`failed`: the comparison is incomplete, and its result is not usable' }),
  requestedBy: z.string().optional().meta({ description: 'Client that requested the run. Absent if it was scheduled' }),
  full: z
    .boolean()
    .meta({ description: 'Whether all records were compared, or only new, open and known mismatching ones' }),
  startedAt: time,
  finishedAt: time.optional(),
  error: z.string().optional().meta({ description: 'Cause of the failure' }),
  checked: counts.meta({ description: 'Number of compared records, by kind' }),
  total: z.int().min(0).meta({ description: 'Number of mismatches' }),
  kinds: counts.meta({ description: 'Number of mismatches by kind; kinds without mismatches are absent' }),
  repaired: z.int().min(0).meta({ description: 'Number of mismatches for which the lost command was sent again' }),
});
const reconciliationRun = run.meta({ id: 'ReconciliationRun' });
const mismatch = z
  .strictObject({
    kind: z.string(),
    subject: z.string().meta({ description: SUBJECT_OF_MISMATCH }),
    expected: value,
    found: value,
    because: z.string().meta({ description: 'Reason for the expected value' }),
    proposal: z.string().meta({ description: 'What an operator can do, or what was done automatically' }),
    repaired: z.boolean().meta({ description: 'Whether the lost command was sent again' }),
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
      .meta({ description: 'A page of the mismatches of the last finished run, of which at most 500 are stored' }),
    nextCursor,
  })
  .meta({ id: 'Reconciliation' });

/** The operations at `/reconciliation` below `base`; `found` is an example of a mismatch. */
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
      summary: 'Read the result of the last reconciliation',
      description: 'Each mismatch has the expected value, its reason, and what an operator can do.',
      query: listQuery,
      answers: [
        success(200, 'The last run, the last finished run, and its mismatches.', lastRuns, {
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
      summary: 'Start a full reconciliation',
      description:
        'Scheduled runs compare new, open and known mismatching records, and once a day all records. Only ' +
        'one run is active at a time: the request joins an active full run, and replaces any other active run.',
      body: { schema: emptyBody, example: {}, optional: true },
      answers: [
        {
          ...success(200, 'The run has ended.', runWithMismatches, { ...finished, mismatches: [found] }),
          headers: { 'Idempotent-Replayed': false },
        },
        {
          ...success(
            202,
            'The run takes longer than 2 s. Read it later, or retry with the same key.',
            runWithMismatches,
            {
              ...running,
              mismatches: [],
            },
          ),
          headers: { Location: true },
        },
      ],
    },
  ];
}
