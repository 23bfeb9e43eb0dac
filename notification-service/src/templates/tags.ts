/** Tagged templates for mails. */

/** Markup that needs no escaping. */
export interface Html {
  readonly markup: string;
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Markup; everything inserted that is not {@link Html} is escaped, and stays on its line. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[])[]): Html {
  return { markup: parts.map((part, n) => (n === 0 ? part : inserted(values[n - 1] ?? '') + part)).join('') };
}

function inserted(value: string | Html | readonly Html[]): string {
  if (typeof value === 'string')
    return oneLine(value).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('\n');
}

/** Plain text; what is inserted stays on its line. */
export function text(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return parts.map((part, n) => (n === 0 ? part : oneLine(values[n - 1] ?? '') + part)).join('');
}

function oneLine(value: string): string {
  return value.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}
