const decimal = /^([+-]?)(\d{1,30})(?:\.(\d{0,30}))?$/;

/** Parses a number such as `6`, `-3` or `1.5`; undefined if the text is not a number. */
export function parseQuantity(text: string): number | undefined {
  const trimmed = text.trim();
  return decimal.test(trimmed) ? Number(trimmed) + 0 : undefined;
}

/**
 * Pounds as pence. The decimal point is moved within the text, because 2.55 * 100 is 254.99999999999997. A price with
 * fractions of a penny stays a fraction, which the API refuses; undefined if the text is not an exact price.
 */
export function parsePence(text: string): number | undefined {
  const [, sign = '', pounds = '', fraction = ''] = decimal.exec(text.trim()) ?? [];
  if (pounds === '') return undefined;
  const rest = fraction.slice(2);
  const pence = Number(`${sign}${pounds}${fraction.slice(0, 2).padEnd(2, '0')}.${rest}0`) + 0;
  // A fraction too small for a double must not be rounded to another price.
  return /[1-9]/.test(rest) && Number.isInteger(pence) ? undefined : pence;
}

/** Whether a number such as 1.000 or 1,000 is ambiguous: depending on the country it means one or a thousand. */
export function mayBeThousands(text: string): boolean {
  return /^\s*[+-]?\d+[.,]\d{3}\s*$/.test(text);
}
