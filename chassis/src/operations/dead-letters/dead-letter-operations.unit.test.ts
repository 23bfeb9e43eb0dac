import { hash } from 'node:crypto';
import { fingerprintOf } from '../../reliable/idempotency/fingerprint.ts';
import { discardLetter, replayGroup, replayLetter } from './dead-letter-operations.ts';

const base = '/operations/inventory';

// What the first release has written: a change here refuses the retries of everybody.
it.each([
  [
    'replaying a group',
    fingerprintOf(replayGroup, { base, group: 'a:b:c' }),
    '["POST","/operations/inventory/dead-letters/replays",{},{"group":"a:b:c"}]',
  ],
  [
    'replaying a letter',
    fingerprintOf(replayLetter, { base, letterId: 'AB' }),
    '["POST","/operations/inventory/dead-letters/:id/replay",{"id":"ab"},{}]',
  ],
  [
    'discarding a letter',
    fingerprintOf(discardLetter, { base, letterId: 'AB', reason: 'sent by mistake' }),
    '["POST","/operations/inventory/dead-letters/:id/discard",{"id":"ab"},{"reason":"sent by mistake"}]',
  ],
])('%s has the fingerprint of the first release', (_what, { bytes }, canonical) => {
  expect(bytes.toString('hex')).toBe(hash('sha256', canonical, 'hex'));
});
