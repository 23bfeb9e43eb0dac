/** Characters that a terminal interprets or hides: controls, formats (bidirectional, zero-width), line and paragraph ends. */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Untrusted text on one line, with control characters escaped as in JSON, because a terminal would interpret them. */
export function printable(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** The same for multi-line text, keeping line ends and tabs. */
export function printableLines(text: string): string {
  return text.replace(CONTROLS, (one) => (one === '\n' || one === '\t' ? one : escaped(one)));
}

/** A value as JSON; JSON.stringify does not escape DEL and the controls from U+0080. */
export function printableJson(value: unknown): string {
  return printableLines(JSON.stringify(value, null, 2));
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
