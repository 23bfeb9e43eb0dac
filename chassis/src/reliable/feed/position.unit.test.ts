import { fromPositionText, isGivenOut, toPositionText } from './position.ts';

const epoch = '0123456789ab';

describe('a position as text', () => {
  it.each([0, 1, 999_999_999_999_999])('is read as it was written: %i', (number) => {
    const position = { epoch, number };
    expect(fromPositionText(toPositionText(position))).toEqual(position);
  });

  it.each(['', '7', `${epoch}`, `${epoch}.`, `${epoch}.01`, `${epoch}.-1`, `${epoch}.1 `, `${epoch}.1e3`, 'x.1'])(
    'is refused in another form: %j',
    (text) => {
      expect(fromPositionText(text)).toBeUndefined();
    },
  );

  it('is refused with a number that JavaScript may round', () => {
    expect(fromPositionText(`${epoch}.9007199254740993`)).toBeUndefined();
  });
});

describe('isGivenOut', () => {
  it.each([
    [0, true],
    [20, true],
    [21, false], // of the database before the restore
  ])('judges %i by the end of its epoch: %s', (number, given) => {
    expect(isGivenOut({ epoch, number }, 20)).toBe(given);
  });

  it('knows nothing of an epoch that the database does not have', () => {
    expect(isGivenOut({ epoch, number: 15 }, undefined)).toBe(false);
  });
});
