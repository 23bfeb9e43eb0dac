/**
 * Removes an argument from a query. Kong parses and serialises the whole query as a form (ada's URLSearchParams, on bytes), so
 * the service gets this escaping and not the client's.
 */
export function withoutArgument(query: string, name: string): string {
  if (query.length <= 1) return query;
  const pairs = query
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const mark = pair.indexOf('=');
      return mark === -1 ? [decode(pair), ''] : [decode(pair.slice(0, mark)), decode(pair.slice(mark + 1))];
    })
    .filter(([key]) => key !== name);
  return `?${pairs.map(([key = '', value = '']) => `${encode(key)}=${encode(value)}`).join('&')}`;
}

function decode(text: string): string {
  return text
    .replaceAll('+', ' ')
    .replace(/%([0-9a-f]{2})/gi, (_triplet, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function encode(text: string): string {
  return text.replace(/[^A-Za-z0-9*._-]/g, (char) =>
    char === ' ' ? '+' : `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
