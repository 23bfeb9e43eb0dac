import { atEnd } from './at-end.ts';

const ended: string[] = [];
beforeAll(() => atEnd(() => ended.push('started before all')));
beforeEach(() => atEnd(() => ended.push('started before each')));

describe('atEnd', () => {
  it('does not run a cleanup before the end of its test', async () => {
    atEnd(() => ended.push('started first'));
    atEnd(async () => {
      await Promise.resolve();
      ended.push('started last');
    });
    expect(ended).toEqual([]);
  });

  it('runs the cleanups before the next test, in reverse order', () => {
    expect(ended).toEqual(['started last', 'started first', 'started before each']);
  });
});

afterAll(() => {
  // Hooks of a file run in the order in which they are registered; those of the imported module are registered first.
  expect(ended.at(-1)).toBe('started before all');
});
