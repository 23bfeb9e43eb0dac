import fc from 'fast-check';
import { withoutArgument } from './query.ts';

describe('withoutArgument', () => {
  it.each([
    ['', ''],
    ['?', '?'],
    ['?x[]=1', '?x%5B%5D=1'],
    ['?%', '?%25='],
    ['?apikey=secret', '?'],
    ['?a=1&apikey=x&apikey=y&b=%2f+%20', '?a=1&b=%2F++'],
    ['?a=caf\xe9&b=%ff', '?a=caf%E9&b=%FF'],
    ['?&&status=pending&', '?status=pending'],
  ])('%s becomes %s', (query, expected) => {
    expect(withoutArgument(query, 'apikey')).toBe(expected);
  });

  it('equals URLSearchParams for ASCII queries', () => {
    const piece = fc.constantFrom(
      'x',
      '=',
      '&',
      '+',
      '%20',
      '%',
      '%2',
      '[]',
      'apikey',
      '~',
      '*',
      "'",
      '/',
      '?',
      ':',
      '%5b',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const query = pieces.join('');
        const params = new URLSearchParams(query);
        params.delete('apikey');
        fc.pre(query !== '' && !query.startsWith('?'));
        expect(withoutArgument(`?${query}`, 'apikey')).toBe(`?${params}`);
      }),
    );
  });
});
