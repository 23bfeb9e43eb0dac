import { RefusedError } from '../reliable/refusal.ts';
import { readIfMatch, requireMatch } from './versions.ts';

const read = (...values: string[]) => readIfMatch({ rawHeaders: values.flatMap((value) => ['If-Match', value]) });

/** The code of a refusal, or undefined. */
function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (error instanceof RefusedError) return error.refusal.code;
    throw error;
  }
  return undefined;
}

describe('readIfMatch', () => {
  it.each([
    [['"7"'], ['"7"']],
    [['"7", "8"'], ['"7"', '"8"']],
    [
      ['"7"', '"8"'],
      ['"7"', '"8"'],
    ],
    [[' "7" ,\t"8" '], ['"7"', '"8"']],
    [[',"7",,'], ['"7"']],
    [['"a,b"'], ['"a,b"']],
    [['""'], ['""']],
    [['"\x80ÿ"'], ['"\x80ÿ"']],
  ])('reads %j as the strong tags %j', (values, etags) => {
    expect(read(...values)).toEqual({ kind: 'tags', etags });
  });

  it.each([
    [['W/"7"'], []],
    [['W/"7", "8"'], ['"8"']],
  ])('leaves the weak ones of %j out: %j', (values, etags) => {
    expect(read(...values)).toEqual({ kind: 'tags', etags });
  });

  it.each([['*'], [' * ']])('reads %j as any version', (value) => {
    expect(read(value)).toEqual({ kind: 'any' });
  });

  it.each([[[]], [['']], [[' , ']], [['', '']]])('takes %j for no header', (values) => {
    expect(read(...values)).toEqual({ kind: 'missing' });
  });

  it.each([
    ['7'],
    ['"7'],
    ['7"'],
    ["'7'"],
    ['"7" "8"'],
    ['"7""8"'],
    ['"7"; "8"'],
    ['*, "7"'],
    ['"7", *'],
    ['**'],
    ['w/"7"'],
    ['W/ "7"'],
    ['W/7'],
    ['"with space"'],
    ['"\x7f"'],
    ['"\\"7"'],
  ])('refuses %j as malformed', (value) => {
    expect(codeOf(() => read(value))).toBe('validation-failed');
  });

  it('reads a long header in a time that grows with its length only', () => {
    const spaces = ' '.repeat(1_000_000);
    expect(codeOf(() => read(`"1"${spaces}x`))).toBe('validation-failed');
    expect(read(`${','.repeat(1_000_000)}"1"`)).toEqual({ kind: 'tags', etags: ['"1"'] });
  });
});

describe('requireMatch', () => {
  const current = { version: 7, name: 'as it is' };

  it.each([
    ['the current version', '"7"', undefined],
    ['one of several that is current', '"6", "7"', undefined],
    ['any version', '*', undefined],
    ['no version', '', 'precondition-required'],
    ['an older version', '"6"', 'stale-version'],
    ['a newer version', '"8"', 'stale-version'],
    ['the current version as a weak tag', 'W/"7"', 'stale-version'],
    ['a tag that only begins like the current one', '"7.0"', 'stale-version'],
  ])('for %s (%j): %s', (_case, header, code) => {
    expect(codeOf(() => requireMatch(read(header), current))).toBe(code);
  });

  it('shows what is current to a stale write', () => {
    expect(() => requireMatch(read('"6"'), current)).toThrow(
      expect.objectContaining({ refusal: expect.objectContaining({ members: { current } }) }),
    );
  });

  it('accepts a stale write that is already applied, but not one without a version', () => {
    expect(codeOf(() => requireMatch(read('"6"'), current, true))).toBeUndefined();
    expect(codeOf(() => requireMatch(read(), current, true))).toBe('precondition-required');
  });
});
