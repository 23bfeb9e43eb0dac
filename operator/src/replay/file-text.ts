import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

/**
 * The bytes of a text file, normalised for a CSV parser: unpacked, without a byte order mark, UTF-16 as UTF-8, and with a
 * line feed at the end of every line. Other encodings keep their bytes: an old file may mix UTF-8 and a Windows code page.
 */
export async function* readText(path: string): AsyncGenerator<Buffer> {
  yield* withLineFeeds(withoutMark(await gunzipped(createReadStream(path))));
}

/** The first non-empty line (at most 64 KiB of it), and the complete text. */
export async function peekLine(text: AsyncGenerator<Buffer>): Promise<{ line: string; whole: AsyncGenerator<Buffer> }> {
  let seen = Buffer.alloc(0);
  let line = '';
  for (let next = await text.next(); !next.done; next = await text.next()) {
    seen = Buffer.concat([seen, next.value]);
    const [, found = '', end] = /^\n*([^\n]*)(\n?)/.exec(seen.toString('latin1')) ?? [];
    line = found;
    if ((found !== '' && end !== '') || seen.length >= 65_536) break;
  }
  return { line, whole: again(seen, text) };
}

async function* again(seen: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield seen;
  yield* rest;
}

/** Unpacks a file that begins with the two bytes of gzip, whatever its name. */
async function gunzipped(source: Readable): Promise<Readable> {
  const first = await firstChunk(source);
  if (!(first[0] === 0x1f && first[1] === 0x8b)) return source;
  return pipeline(source, createGunzip(), () => undefined);
}

async function firstChunk(source: Readable): Promise<Buffer> {
  await new Promise((resolve, reject) => {
    source.once('readable', resolve).once('end', resolve).once('error', reject);
  });
  const chunk: Buffer | null = source.read();
  if (chunk === null) return Buffer.alloc(0);
  source.unshift(chunk);
  return chunk;
}

async function* withoutMark(source: Readable): AsyncGenerator<Buffer> {
  let utf16: InstanceType<typeof TextDecoder> | undefined;
  let atStart = true;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    if (atStart && chunk[0] === 0xff && chunk[1] === 0xfe) utf16 = new TextDecoder('utf-16le', { fatal: true });
    if (atStart && chunk[0] === 0xfe && chunk[1] === 0xff) utf16 = new TextDecoder('utf-16be', { fatal: true });
    const isMarkedUtf8 = atStart && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
    atStart = false;
    if (utf16) yield Buffer.from(utf16.decode(chunk, { stream: true }));
    else yield isMarkedUtf8 ? chunk.subarray(3) : chunk;
  }
  // Throws where the file ends within a character.
  if (utf16) yield Buffer.from(utf16.decode());
}

/**
 * CR LF becomes LF. A single CR is a line end if it ends the first line (files from old Macs); otherwise it becomes a space,
 * because within a name it must neither start a row nor join two words.
 */
async function* withLineFeeds(source: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let loneReturn: '\n' | ' ' | undefined;
  let held = '';
  for await (const chunk of source) {
    const text = held + chunk.toString('latin1');
    // The character after a CR at the end of a chunk is in the next chunk.
    held = text.slice(text.length - countReturnsAtEnd(text));
    const complete = text.slice(0, text.length - held.length);
    loneReturn ??= loneReturnIn(complete);
    yield Buffer.from(complete.replace(/\r+\n/g, '\n').replaceAll('\r', loneReturn ?? ' '), 'latin1');
  }
  if (held !== '') yield Buffer.from('\n');
}

function countReturnsAtEnd(text: string): number {
  let count = 0;
  while (text.charCodeAt(text.length - 1 - count) === 0x0d) count += 1;
  return count;
}

/** What a CR without LF means, from the first line end; undefined if there is none yet. */
function loneReturnIn(text: string): '\n' | ' ' | undefined {
  const end = /\r*\n|\r/.exec(text)?.[0];
  if (end === undefined) return undefined;
  return end === '\r' ? '\n' : ' ';
}
