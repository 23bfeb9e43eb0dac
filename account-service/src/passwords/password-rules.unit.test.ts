import { newPassword, refuseMailAddress } from './password-rules.ts';

describe('a new password', () => {
  it.each([
    ['8 characters', 'vierundz'],
    ['1,000 characters', 'ab'.repeat(500)],
    ['characters beyond the basic plane, each counted once', '😀'.repeat(8)],
    ['a sentence', 'correct horse battery staple'],
  ])('may have %s', (_what, password) => {
    expect(newPassword.safeParse(password).success).toBe(true);
  });

  it.each([
    ['7 characters', 'vierund', /8 to 1000/],
    ['7 characters that are 14 units of UTF-16', '😀'.repeat(7), /8 to 1000/],
    ['1,001 characters', `${'ab'.repeat(500)}c`, /8 to 1000/],
    ['a line break', 'first line\nsecond', /control characters/],
    ['a common password', 'password1', /most common/],
    ['a common password in capitals', 'PassWord1', /most common/],
  ])('may not have or be %s', (_what, password, message) => {
    expect(newPassword.safeParse(password).error?.issues[0]?.message).toMatch(message);
  });
});

it('recognizes the mail address, whatever its case', () => {
  expect(() => refuseMailAddress('Ada@Example.org', 'ada@example.org')).toThrow('validation-failed');
  expect(() => refuseMailAddress('ada@example.org!', 'ada@example.org')).not.toThrow();
});
