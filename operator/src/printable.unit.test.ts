import { printable, printableJson, printableLines } from './printable.ts';

// Characters that a terminal interprets or hides: colours, a title, a one-byte CSI, DEL, a bidirectional override,
// zero-width characters, a lone surrogate.
const hostile = '\u001b[31mred\u001b]0;owned\u0007 \u009b2J \u007f \u202eabc \u200b \u{e0001} \ud800';

describe('printable', () => {
  it('escapes every character that a terminal interprets or hides', () => {
    expect(printable(hostile)).toBe(
      '\\u001b[31mred\\u001b]0;owned\\u0007 \\u009b2J \\u007f \\u202eabc \\u200b \\udb40\\udc01 \\ud800',
    );
    expect(printable('a\nb\tc')).toBe('a\\u000ab\\u0009c');
  });

  it('does not change readable text', () => {
    const text = 'Ærøskøbing, £5, 日本, 😀, "quoted" \\ backslash';
    expect(printable(text)).toBe(text);
  });

  it('keeps line ends and tabs of multi-line text, but no carriage return', () => {
    expect(printableLines('a\n\tb\rc\u001b[2K')).toBe('a\n\tb\\u000dc\\u001b[2K');
  });

  it('returns equivalent JSON without control characters', () => {
    const value = { name: hostile, list: ['\n'] };
    const json = printableJson(value);
    expect(JSON.parse(json)).toEqual(value);
    expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });
});
