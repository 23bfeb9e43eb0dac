/** What the system could not settle by itself. Pure. */
import type { DeadLetterGroup, Order, Reconciliation } from '@shop/client';

/** One matter for a person, with where to go. */
export interface Matter {
  key: string;
  kind: 'dead-letters' | 'waiting' | 'mismatches' | 'down';
  /** A queue's messages, a service, or nothing. */
  subject: string;
  count: number;
  /** When it began; the oldest comes first. */
  since: string | undefined;
  to: string;
  search?: Record<string, string>;
}

interface Findings {
  groups: readonly (DeadLetterGroup & { service: string })[];
  /** Undecided orders. */
  pending: readonly Order[];
  reconciliations: readonly { service: string; reconciliation: Reconciliation | undefined }[];
  down: readonly string[];
}

/** An order that waits this long is no longer explained by a restart. */
export const LONG_WAIT_MS = 5 * 60_000;

/** Oldest first; a service that is down comes before all, because it explains the rest. */
export function needsAPerson({ groups, pending, reconciliations, down }: Findings, now: number): Matter[] {
  const late = pending.filter(({ createdAt }) => now - Date.parse(createdAt) > LONG_WAIT_MS);
  const matters: Matter[] = [
    ...groups.map(
      ({ service, group, type, count, firstAt }): Matter => ({
        key: `${service} ${group}`,
        kind: 'dead-letters',
        subject: type,
        count,
        since: firstAt,
        to: '/failures',
      }),
    ),
    ...reconciliations.flatMap(({ service, reconciliation }): Matter[] => {
      const { total = 0, finishedAt } = reconciliation?.lastFinished ?? {};
      return total === 0
        ? []
        : [
            {
              key: `books ${service}`,
              kind: 'mismatches',
              subject: service,
              count: total,
              since: finishedAt,
              to: '/books',
            },
          ];
    }),
    ...(late.length === 0
      ? []
      : [
          {
            key: 'waiting',
            kind: 'waiting' as const,
            subject: '',
            count: late.length,
            since: late.map(({ createdAt }) => createdAt).sort()[0],
            to: '/orders',
            search: { status: 'pending' },
          },
        ]),
  ];
  matters.sort((a, b) => (a.since ?? '').localeCompare(b.since ?? ''));
  const services = down.map(
    (service): Matter => ({
      key: `down ${service}`,
      kind: 'down',
      subject: service,
      count: 1,
      since: undefined,
      to: '/parts',
    }),
  );
  return [...services, ...matters];
}
