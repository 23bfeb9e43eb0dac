/** Text from anywhere, with its control characters spelled out: a terminal obeys them. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (one) => `\\u${one.codePointAt(0)?.toString(16).padStart(4, '0')}`);
}
