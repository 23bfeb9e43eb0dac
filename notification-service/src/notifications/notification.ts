/**
 * The states of a notification.
 *
 *   queued      to be sent when it is due
 *     -> sending      committed before the mail is handed over
 *     -> suppressed   not needed any more
 *   sending     a process hands it over
 *     -> sent         the server took it
 *     -> failed       the server refused it, or deferred it for a day
 *     -> queued       the server deferred it, or the connection was lost before the end of the mail
 *     -> unknown      the connection was lost after the end of the mail, or the process died: it may have been sent (RFC 1047)
 *   unknown     by the policy of its template it is sent once more, with the same Message-ID, or left to a person
 *     -> sending      once more
 *     -> suppressed   not needed any more
 *   sent, failed, suppressed: final
 */
export const transitions = {
  queued: ['sending', 'suppressed'],
  sending: ['sent', 'failed', 'queued', 'unknown'],
  unknown: ['sending', 'suppressed'],
  sent: [],
  failed: [],
  suppressed: [],
} as const satisfies Record<NotificationState, readonly NotificationState[]>;

/** All states. */
export const states = ['queued', 'sending', 'sent', 'failed', 'unknown', 'suppressed'] as const;
export type NotificationState = (typeof states)[number];

/** What a notification is for. Its texts follow what is true when it is sent. */
export const templates = ['sign-up', 'password-reset', 'email-change', 'email-changed'] as const;
export type Template = (typeof templates)[number];

/** What to do when it may or may not have been sent. */
type Policy = 'send again' | 'leave';

/** A second mail is better than none, where the person cannot go on without it and may not know that it was to come. */
const policies = {
  'sign-up': 'send again',
  'email-change': 'send again',
  'email-changed': 'send again',
  // Who waits for it asks again, and one that comes twice looks like an attack.
  'password-reset': 'leave',
} as const satisfies Record<Template, Policy>;

/**
 * How an attempt can end. sent: taken. refused: 5xx. deferred: 4xx. lost: no connection, or lost before the end of the mail.
 * unknown: lost after it, or no answer.
 */
export const outcomes = ['sent', 'refused', 'deferred', 'lost', 'unknown'] as const;

/** How an attempt ended. */
export interface Delivery {
  outcome: (typeof outcomes)[number];
  detail: string;
}

/** What an attempt leads to. */
export interface Next {
  state: Exclude<NotificationState, 'sending' | 'suppressed'>;
  reason?: string;
  /** When it is due again; undefined if nothing follows. */
  dueInSeconds?: number;
  deferrals: number;
}

const FIRST_DELAYS_SECONDS = [5, 30, 120, 600];
const HOUR_SECONDS = 3_600;
const HOURLY_TRIES = 24;
// So that a server that has just crashed is not met in the middle of its restart.
const SEND_AGAIN_AFTER_SECONDS = 30;

/** The delay after so many earlier deferrals; undefined when it is time to give up. */
export function retryDelay(deferrals: number): number | undefined {
  if (deferrals >= FIRST_DELAYS_SECONDS.length + HOURLY_TRIES) return undefined;
  return FIRST_DELAYS_SECONDS[deferrals] ?? HOUR_SECONDS;
}

/** Decide what follows an attempt. What may have been sent before stays unknown until it is surely sent. */
export function afterAttempt(
  { template, deferrals, sentAgain }: { template: Template; deferrals: number; sentAgain: boolean },
  { outcome, detail }: Delivery,
): Next {
  const [open, ended] = sentAgain ? (['unknown', 'unknown'] as const) : (['queued', 'failed'] as const);
  switch (outcome) {
    case 'sent':
      return { state: 'sent', deferrals };
    case 'refused':
      return { state: ended, reason: detail, deferrals };
    case 'unknown': {
      const isLast = sentAgain || policies[template] === 'leave';
      const dueInSeconds = isLast ? undefined : SEND_AGAIN_AFTER_SECONDS;
      return { state: 'unknown', reason: detail, dueInSeconds, deferrals };
    }
    case 'deferred':
    case 'lost': {
      const dueInSeconds = retryDelay(deferrals);
      return dueInSeconds === undefined
        ? { state: ended, reason: `gave up: ${detail}`, deferrals }
        : { state: open, reason: detail, dueInSeconds, deferrals: deferrals + 1 };
    }
  }
}
