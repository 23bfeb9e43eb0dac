import { MAX_LINES, readAdjustments } from './adjustments-file.ts';

const read = (text: string) => readAdjustments(text, 'Delivery 4711');
const deltaOf = (delta: string) => read(`sku;delta\nMUG;${delta}`).adjustments[0]?.delta;

describe('readAdjustments', () => {
  it('reads the columns by their names, in any order, among others', () => {
    expect(read('Name,Reason,SKU,Delta\nMug,broken,MUG,-2\nCup,,CUP,5')).toEqual({
      adjustments: [
        { line: 2, sku: 'MUG', delta: -2, reason: 'broken' },
        { line: 3, sku: 'CUP', delta: 5, reason: 'Delivery 4711' },
      ],
      faults: [],
      unchanged: 0,
    });
  });

  it('leaves out lines without a change, as an exported file has them', () => {
    expect(read('sku,delta\nMUG,\nCUP,0\nJAR,1')).toMatchObject({
      unchanged: 2,
      adjustments: [{ sku: 'JAR', line: 4 }],
    });
  });

  it('reads a SKU that an export has guarded against spreadsheets', () => {
    expect(read("sku,delta\n'-MUG,1").adjustments).toMatchObject([{ sku: '-MUG' }]);
  });

  it.each([
    ['+5', 5],
    ['5.0', 5],
    ['5,00', 5],
    ['−5', -5],
    ['1000000000', 1_000_000_000],
    ['1.000', undefined],
    ['1,000', undefined],
    ['1.5', undefined],
    ['0x10', undefined],
    ['five', undefined],
    ['1e3', undefined],
  ])('reads %s as %s', (text, delta) => {
    expect(deltaOf(text)).toBe(delta);
  });

  it.each([
    [',5', 'sku-missing', ''],
    ['a b,5', 'sku-malformed', 'a b'],
    ['..,5', 'sku-malformed', '..'],
    ['MUG,1.5', 'delta-malformed', '1.5'],
    ['MUG,1000000001', 'delta-too-large', '1000000001'],
    [`MUG,1,${'x'.repeat(201)}`, 'reason-malformed', 'x'.repeat(201)],
    ['MUG,1,"a\nb"', 'reason-malformed', 'a\nb'],
  ])('finds the fault in %j, and reads the lines around it', (line, fault, value) => {
    const file = read(`sku,delta,reason\nCUP,1\n${line}\nJAR,2`);
    expect(file.faults).toEqual([{ line: 3, fault, value }]);
    expect(file.adjustments.map(({ sku }) => sku)).toEqual(['CUP', 'JAR']);
  });

  it.each([
    ['', 'empty'],
    ['sku,delta\n', 'empty'],
    ['name,delta\nMUG,1', 'no-sku-column'],
    ['sku,units\nMUG,1', 'no-delta-column'],
    [`sku,delta\n${'MUG,1\n'.repeat(MAX_LINES + 1)}`, 'too-many-lines'],
  ])('reads nothing of a file with the fault of its case', (text, fault) => {
    expect(read(text)).toEqual({ adjustments: [], faults: [], unchanged: 0, fault });
  });
});
