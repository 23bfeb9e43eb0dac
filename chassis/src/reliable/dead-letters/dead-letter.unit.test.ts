import { type Action, type DeadLetterStatus, refusalOf } from './dead-letter.ts';

const actions: Action[] = ['replayed', 'discarded'];
const decided: DeadLetterStatus[] = ['replayed', 'discarded'];

describe('refusalOf', () => {
  it.each(actions)('lets an open letter become %s', (action) => {
    expect(refusalOf({ status: 'open', type: 'account.close' }, action, false)).toBeUndefined();
  });

  it.each(decided.flatMap((status) => actions.map((action) => [status, action] as const)))(
    'refuses to let one that is %s become %s',
    (status, action) => {
      expect(refusalOf({ status, type: 'account.opened' }, action, false)).toContain(status);
    },
  );

  it('lets one that is indispensable be replayed, never discarded', () => {
    const letter = { status: 'open' as const, type: 'account.freeze' };
    expect(refusalOf(letter, 'replayed', true)).toBeUndefined();
    expect(refusalOf(letter, 'discarded', true)).toContain('account.freeze');
  });
});
