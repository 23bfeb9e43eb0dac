import { hash } from 'node:crypto';
import fc from 'fast-check';
import { canonicalJson, fingerprintOf, type Operation } from './fingerprint.ts';

interface Asked {
  id: string;
  name: string;
  colour?: string;
}
const first: Operation<Asked> = {
  id: 'paint',
  forms: { 1: ({ id, name }) => ['POST', '/things/:id/paint', { id }, { name }] },
  writes: 1,
};
/** A release later: the second form can be read, and is not written yet. */
const second: Operation<Asked> = {
  ...first,
  forms: { ...first.forms, 2: ({ id, name, colour }) => ({ id, name, colour }) },
};
/** Another release later. */
const third: Operation<Asked> = { ...second, writes: 2 };
const asked: Asked = { id: '1', name: 'door' };

describe('fingerprintOf', () => {
  it('hashes the form of version 1 alone, as the first release did', () => {
    const expected = hash('sha256', '["POST","/things/:id/paint",{"id":"1"},{"name":"door"}]', 'hex');
    expect(fingerprintOf(first, asked).bytes.toString('hex')).toBe(expected);
    expect(fingerprintOf(second, asked).bytes.toString('hex')).toBe(expected);
  });

  it('says the version of a later one, and covers operation and version', () => {
    const digest = hash('sha256', '["paint",2,{"id":"1","name":"door"}]', 'hex');
    expect(fingerprintOf(third, asked).bytes.toString('hex')).toBe(`02${digest}`);
  });

  it('does not depend on what else a request has', () => {
    const more = { ...asked, more: 'a default of the schema' } as Asked;
    expect(fingerprintOf(first, more).bytes).toEqual(fingerprintOf(first, asked).bytes);
  });

  it.each([
    ['an older release', first, second],
    ['a newer release', second, first],
    ['a release before the switch', second, third],
    ['a release after the switch', third, second],
  ])('matches what %s has written', (_what, writer, reader) => {
    const { bytes } = fingerprintOf(writer, asked);
    expect(fingerprintOf(reader, asked).matches(bytes)).toBe(true);
    expect(fingerprintOf(reader, { ...asked, id: '2' }).matches(bytes)).toBe(false);
    expect(fingerprintOf(reader, { ...asked, name: 'gate' }).matches(bytes)).toBe(false);
  });

  it('matches no version that the operation does not have', () => {
    const other: Operation<Asked> = { ...third, id: 'repaint' };
    expect(fingerprintOf(first, asked).matches(fingerprintOf(third, asked).bytes)).toBe(false);
    expect(fingerprintOf(third, asked).matches(fingerprintOf(other, asked).bytes)).toBe(false);
    expect(fingerprintOf(third, asked).matches(Buffer.of())).toBe(false);
  });
});

describe('canonicalJson', () => {
  it('means the same as JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value))),
      ),
    );
  });

  it('does not depend on the order of members', () => {
    expect(canonicalJson({ b: [2, 3], a: 1 })).toBe(canonicalJson({ a: 1, b: [2, 3] }));
  });
});
