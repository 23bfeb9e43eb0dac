/**
 * The headers of a request as Kong forwards them: name, value, name, value. Names are in lower case. Repeated headers stay
 * separate lines, so that every copy remains visible.
 */
export type HeaderList = string[];

// Header names that nginx accepts; lines with other names, such as one with a dot, are dropped.
const NAME = /^[a-z0-9_-]+$/;

/** Node's raw headers with their names in lower case. */
export function toHeaderList(rawHeaders: string[]): HeaderList {
  const list = rawHeaders.slice();
  for (let i = 0; i < list.length; i += 2) list[i] = (list[i] as string).toLowerCase();
  keepHeaders(list, (name) => NAME.test(name));
  return list;
}

/** All values of a header, in order; `name` in lower case. */
export function valuesOf(headers: HeaderList, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) values.push(headers[i + 1] as string);
  return values;
}

/** The first value of a header; `name` in lower case. */
export function firstValue(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}

/** Removes every line of a header. */
export function removeHeader(headers: HeaderList, name: string): void {
  keepHeaders(headers, (other) => other !== name);
}

/** Removes every line of a header and adds one. */
export function setHeader(headers: HeaderList, name: string, value: string): void {
  removeHeader(headers, name);
  headers.push(name, value);
}

/** Removes all lines for which `wanted` is false, in place. */
export function keepHeaders(headers: HeaderList, wanted: (name: string, value: string) => boolean): void {
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (!wanted(name, value)) continue;
    headers[kept] = name;
    headers[kept + 1] = value;
    kept += 2;
  }
  headers.length = kept;
}

/** The elements of a comma-separated header from all of its lines, trimmed and in lower case. */
export function listedIn(headers: HeaderList, name: string): string[] {
  return valuesOf(headers, name).flatMap((value) => value.split(',').map((member) => member.trim().toLowerCase()));
}
