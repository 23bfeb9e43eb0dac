import { createMasterKey } from '../master-key.ts';
import { idIn, toToken } from './email-token.ts';

const masterKey = createMasterKey(['m'.repeat(32)]);
const id = '0195f0a0-1234-7000-8000-000000000001';

it('a token is always the same, and gives its id back', () => {
  const token = toToken(masterKey, id);
  expect(token).toMatch(/^[\w-]{64}$/);
  expect(toToken(masterKey, id)).toBe(token);
  expect(idIn(masterKey, token)).toBe(id);
});

it.each([
  ['the token of another key', toToken(createMasterKey(['o'.repeat(32)]), id)],
  ['a changed id', `B${toToken(masterKey, id).slice(1)}`],
  ['a shorter one', toToken(masterKey, id).slice(0, -4)],
  ['a longer one', `${toToken(masterKey, id)}AAAA`],
  ['nothing', ''],
  ['other characters', 'ö'.repeat(64)],
])('refuses %s', (_what, token) => {
  expect(idIn(masterKey, token)).toBeUndefined();
});
