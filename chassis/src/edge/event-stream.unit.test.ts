import type { Request } from 'express';
import { readLastEventId, toEventText } from './event-stream.ts';

describe('toEventText', () => {
  it('ends each event with an empty line', () => {
    const text = toEventText({ id: 'e.7', event: 'order', data: { version: 1 } });
    expect(text).toBe('id: e.7\nevent: order\ndata: {"version":1}\n\n');
  });

  it('keeps line breaks of data inside one line', () => {
    expect(toEventText({ data: { reason: 'a\nb\r\nc' } })).toBe('data: {"reason":"a\\nb\\r\\nc"}\n\n');
  });

  it('sets the id alone, which is no event', () => {
    expect(toEventText({ id: 'e.0' })).toBe('id: e.0\n\n');
  });
});

describe('readLastEventId', () => {
  const request = (...values: string[]) =>
    ({ rawHeaders: values.flatMap((value) => ['Last-Event-Id', value]) }) as unknown as Request;
  const parse = (text: string) => (/^\d+$/.test(text) ? Number(text) : undefined);

  it('is undefined for a client that comes for the first time', () => {
    expect(readLastEventId(request(), parse)).toBeUndefined();
  });

  it('gives the id, 0 too', () => {
    expect(readLastEventId(request('0'), parse)).toBe(0);
  });

  it.each([[['']], [['x']], [['1', '2']]])('refuses %j', (values) => {
    expect(() => readLastEventId(request(...values), parse)).toThrow('validation-failed');
  });
});
