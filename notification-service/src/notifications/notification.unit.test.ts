import { afterAttempt, type Delivery, type NotificationState, retryDelay, transitions } from './notification.ts';

const states = Object.keys(transitions) as NotificationState[];

it('every state is reached, and the last ones are final', () => {
  const reached = new Set(states.flatMap((state) => transitions[state] as readonly NotificationState[]));
  expect([...reached].sort()).toEqual([...states].sort());
  expect(states.filter((state) => transitions[state].length === 0)).toEqual(['sent', 'failed', 'suppressed']);
});

it('tries again after 5 s, 30 s, 2 min, 10 min, then hourly for a day', () => {
  const delays = Array.from({ length: 30 }, (_, deferrals) => retryDelay(deferrals));
  expect(delays).toEqual([5, 30, 120, 600, ...Array(24).fill(3_600), undefined, undefined]);
});

const attempt = (outcome: Delivery['outcome'], more: object = {}) =>
  afterAttempt({ template: 'sign-up', deferrals: 0, sentAgain: false, ...more }, { outcome, detail: 'why' });

it.each([
  ['sent', {}, { state: 'sent' }],
  ['refused', {}, { state: 'failed', reason: 'why' }],
  ['deferred', {}, { state: 'queued', dueInSeconds: 5, deferrals: 1 }],
  ['lost', { deferrals: 4 }, { state: 'queued', dueInSeconds: 3_600, deferrals: 5 }],
  ['lost', { deferrals: 28 }, { state: 'failed', reason: 'gave up: why' }],
  ['unknown', {}, { state: 'unknown', dueInSeconds: 30 }],
  ['unknown', { template: 'password-reset' }, { state: 'unknown', dueInSeconds: undefined }],
  // It may have been sent the first time, whatever becomes of the second.
  ['sent', { sentAgain: true }, { state: 'sent' }],
  ['refused', { sentAgain: true }, { state: 'unknown', reason: 'why' }],
  ['deferred', { sentAgain: true }, { state: 'unknown', dueInSeconds: 5, deferrals: 1 }],
  ['lost', { sentAgain: true, deferrals: 28 }, { state: 'unknown', reason: 'gave up: why' }],
  ['unknown', { sentAgain: true }, { state: 'unknown', dueInSeconds: undefined }],
] as const)('what follows when it is %s: %j', (outcome, before, next) => {
  const decided = attempt(outcome, before);
  expect(decided).toMatchObject(next);
  expect(transitions.sending).toContain(decided.state);
});
