import type { RefusedToken } from './access-token.ts';
import { CLOCK_SKEW_SECONDS } from './clock-skew.ts';

/**
 * Why a token is not accepted, for the person who calls. Where clocks are the reason, a new token would not be accepted either, so
 * the text names them. `clockAheadMs` is by how much account-service's clock was ahead of this one when its keys were read.
 */
export function describeRefusal(refused: RefusedToken, clockAheadMs: number | undefined): string {
  if (refused.kind === 'invalid') return 'The access token is not valid.';
  const token = refused.tokenTime.toISOString();
  const here = refused.at.toISOString();
  const clocks = differenceOf(clockAheadMs);
  switch (refused.kind) {
    case 'expired':
      return `The access token expired at ${token}; by the clock of this service it is ${here}.${clocks && ` ${clocks}`}`;
    case 'from-the-future':
      return `The access token was issued at ${token}, but by the clock of this service it is only ${here}. ${clocks || 'The clocks of account-service and this service differ.'}`;
  }
}

/** Empty if it is unknown, or too small to matter. */
function differenceOf(clockAheadMs: number | undefined): string {
  if (clockAheadMs === undefined || Math.abs(clockAheadMs) <= CLOCK_SKEW_SECONDS * 1000) return '';
  const seconds = Math.round(Math.abs(clockAheadMs) / 1000);
  return `The clock of account-service is ${seconds} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} the clock of this service.`;
}
