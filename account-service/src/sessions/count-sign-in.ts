import type { Person } from '@shop/chassis/edge/principal.ts';
import { RefusedError } from '@shop/chassis/reliable/refusal.ts';
import { type AccountMetrics, SIGN_IN_OUTCOMES } from '../metrics.ts';

/** Sign in, and count what became of it. */
export async function countSignIn<Opened>(
  { signIns }: Pick<AccountMetrics, 'signIns'>,
  caller: Person['kind'],
  signIn: () => Promise<Opened>,
): Promise<Opened> {
  try {
    const opened = await signIn();
    signIns.of(caller, 'signed-in').inc();
    return opened;
  } catch (error) {
    signIns.of(caller, outcomeOf(error)).inc();
    throw error;
  }
}

function outcomeOf(error: unknown): (typeof SIGN_IN_OUTCOMES)[number] {
  const code = error instanceof RefusedError ? error.refusal.code : undefined;
  return SIGN_IN_OUTCOMES.find((outcome) => outcome === code) ?? 'failed';
}
