import { labelledCounter } from '@shop/chassis/base/telemetry/labelled.ts';
import type { Metrics } from '@shop/chassis/base/telemetry/metrics.ts';
import { Gauge } from 'prom-client';

/** The common metrics and those of account-service. */
export type AccountMetrics = ReturnType<typeof withAccountMetrics>;

const CALLERS = ['shopper', 'staff'];
export const SIGN_IN_OUTCOMES = [
  ...['signed-in', 'invalid-credentials', 'too-many-attempts', 'overloaded', 'unavailable', 'failed'],
] as const;
const REFRESH_OUTCOMES = ['successor', 'repeat', 'ended', 'theft'];

/** Register the metrics of account-service. */
export function withAccountMetrics(metrics: Metrics) {
  const registers = [metrics.registry];
  const labelNames = ['caller', 'outcome'];
  const signIns = labelledCounter({
    name: 'sign_ins_total',
    help: 'Sign-ins with a mail address and a password, by caller and outcome: signed-in, the code of the refusal, or failed.',
    ...{ labelNames, registers },
  });
  const sessionRefreshes = labelledCounter({
    name: 'session_refreshes_total',
    help: 'Uses of refresh tokens by outcome: successor (the first use), repeat (the same successor again), ended, or theft, which ends the session.',
    ...{ labelNames, registers },
  });
  // Without a zero before it, the first of its kind would not count as an increase.
  for (const caller of CALLERS) {
    for (const outcome of SIGN_IN_OUTCOMES) signIns.of(caller, outcome);
    for (const outcome of REFRESH_OUTCOMES) sessionRefreshes.of(caller, outcome);
  }
  return {
    ...metrics,
    signIns,
    sessionRefreshes,
    signingKeyRemaining: new Gauge({
      name: 'signing_key_remaining_seconds',
      help: 'Time until the newest signing key of an audience is 90 days old and must have been replaced, in seconds. Negative afterwards.',
      labelNames: ['audience'],
      registers,
    }),
  };
}
