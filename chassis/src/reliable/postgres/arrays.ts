/**
 * Arrays in PostgreSQL's binary format (`array_recv`, and the `…_recv` function of each element type), for statements that take
 * a batch as parallel arrays. `pg` sends a Buffer unchanged. It would send a JavaScript array as text, with every quote in
 * every JSON body escaped, which the server parses character by character: docs/adr/0014.
 *
 * Each parameter needs a cast in the statement, such as `$1::text[]`: a binary array must have exactly the expected type.
 */

/** `text[]`. */
export function texts(values: readonly (string | null | undefined)[]): Buffer {
  return encode(
    25,
    values,
    (value) => Buffer.byteLength(value),
    (buffer, value, at) => buffer.write(value, at),
  );
}

/** `jsonb[]`, of values that are JSON text. */
export function jsons(values: readonly (string | null | undefined)[]): Buffer {
  return encode(
    3802,
    values,
    (value) => 1 + Buffer.byteLength(value),
    (buffer, value, at) => {
      buffer[at] = 1; // the version of jsonb's binary form
      buffer.write(value, at + 1);
    },
  );
}

/** `uuid[]`. */
export function uuids(values: readonly (string | null | undefined)[]): Buffer {
  return encode(
    2950,
    values,
    () => 16,
    (buffer, value, at) => {
      // An invalid value would leave uninitialized memory in the buffer.
      if (buffer.write(value.replaceAll('-', ''), at, 'hex') !== 16) throw new TypeError(`not a UUID: ${value}`);
    },
  );
}

/** `bytea[]`. */
export function bytes(values: readonly Buffer[]): Buffer {
  return encode(
    17,
    values,
    (value) => value.length,
    (buffer, value, at) => value.copy(buffer, at),
  );
}

/** `boolean[]`. */
export function booleans(values: readonly boolean[]): Buffer {
  return encode(
    16,
    values,
    () => 1,
    (buffer, value, at) => buffer.writeUInt8(value ? 1 : 0, at),
  );
}

/** `integer[]`. */
export function integers(values: readonly (number | null | undefined)[]): Buffer {
  return encode(
    23,
    values,
    () => 4,
    (buffer, value, at) => buffer.writeInt32BE(value, at),
  );
}

/** `bigint[]`, of safe integers. */
export function bigints(values: readonly number[]): Buffer {
  return encode(
    20,
    values,
    () => 8,
    (buffer, value, at) => buffer.writeBigInt64BE(BigInt(value), at),
  );
}

const MS_FROM_1970_TO_2000 = Date.UTC(2000);

/** `timestamptz[]`: microseconds since 2000. */
export function times(values: readonly Date[]): Buffer {
  return encode(
    1184,
    values,
    () => 8,
    (buffer, value, at) => {
      buffer.writeBigInt64BE(BigInt((value.getTime() - MS_FROM_1970_TO_2000) * 1_000), at);
    },
  );
}

/**
 * Header: number of dimensions, null flag, element type (its OID in pg_type.dat, which never changes), length and lower bound.
 * Then each element, preceded by its length; -1 for null.
 */
function encode<T>(
  oid: number,
  values: readonly (T | null | undefined)[],
  sizeOf: (value: T) => number,
  write: (buffer: Buffer, value: T, at: number) => void,
): Buffer {
  const sizes = values.map((value) => (value == null ? -1 : sizeOf(value)));
  const size = sizes.reduce((sum, one) => sum + 4 + Math.max(one, 0), 20);
  const buffer = Buffer.allocUnsafe(size);
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(1, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(values.length, 12);
  buffer.writeInt32BE(1, 16);
  let at = 20;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    at = buffer.writeInt32BE(sizes[index] as number, at);
    if (value == null) continue;
    write(buffer, value, at);
    at += sizes[index] as number;
  }
  return buffer;
}
