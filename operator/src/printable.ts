/** Characters that a terminal obeys or hides: controls, formats (bidirectional marks, zero widths), line and paragraph ends. */
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** Text from anywhere on one line, with its control characters spelled out as JSON does: a terminal obeys them. */
export function printable(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** The same for text of several lines, which keeps its line ends and tabs. */
export function printableLines(text: string): string {
  return text.replace(CONTROLS, (one) => (one === '\n' || one === '\t' ? one : escaped(one)));
}

/** A value as JSON for a person or a program; JSON.stringify leaves DEL and the controls from U+0080 as they are. */
export function printableJson(value: unknown): string {
  return printableLines(JSON.stringify(value, null, 2));
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
