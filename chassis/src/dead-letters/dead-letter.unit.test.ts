import { indispensableTypes } from '../contract/messages.ts';
import { type Action, type DeadLetterStatus, refusalOf } from './dead-letter.ts';

const actions: Action[] = ['replayed', 'discarded'];
const decided: DeadLetterStatus[] = ['replayed', 'discarded'];

describe('refusalOf', () => {
  it.each(actions)('lets an open letter become %s', (action) => {
    expect(refusalOf({ status: 'open', type: 'reservation.requested' }, action, indispensableTypes)).toBeUndefined();
  });

  it.each(decided.flatMap((status) => actions.map((action) => [status, action] as const)))(
    'refuses to let one that is %s become %s',
    (status, action) => {
      expect(refusalOf({ status, type: 'reservation.held' }, action, indispensableTypes)).toContain(status);
    },
  );

  it.each(['reservation.release', 'reservation.fulfil'])('lets a %s be replayed, never discarded', (type) => {
    expect(refusalOf({ status: 'open', type }, 'replayed', indispensableTypes)).toBeUndefined();
    expect(refusalOf({ status: 'open', type }, 'discarded', indispensableTypes)).toContain(type);
  });
});
