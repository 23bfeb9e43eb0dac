import { atEnd } from './at-end.ts';

const ended: string[] = [];
beforeAll(() => atEnd(() => ended.push('started before all')));
beforeEach(() => atEnd(() => ended.push('started before each')));

describe('what is ended', () => {
  it('runs as long as its test', async () => {
    atEnd(() => ended.push('started first'));
    atEnd(async () => {
      await Promise.resolve();
      ended.push('started last');
    });
    expect(ended).toEqual([]);
  });

  it('has ended before the next one, the last that was started first', () => {
    expect(ended).toEqual(['started last', 'started first', 'started before each']);
  });
});

afterAll(() => {
  // The hooks of a file run in the order in which they are written, and that of the import comes first.
  expect(ended.at(-1)).toBe('started before all');
});
