import { createLogger } from './log.ts';

const SECRET = 'the-secret';

function logged(error: unknown): { text: string; err: Record<string, unknown> } {
  const lines: string[] = [];
  createLogger('a-service', 'info', { to: { write: (line) => lines.push(line) } }).error({ err: error }, 'failed');
  return { text: lines.join(''), err: JSON.parse(lines[0] ?? '').err };
}

describe('the log', () => {
  it('tells of an error what it is, where it happened, and the same of its causes', () => {
    const cause = Object.assign(new TypeError('inner'), { code: 'ECONNREFUSED' });
    const { err } = logged(new AggregateError([new Error('one')], 'outer', { cause }));
    expect(err).toMatchObject({ type: 'AggregateError', message: 'outer' });
    expect(err.stack).toContain('log.unit.test.ts');
    expect(err.cause).toMatchObject({ type: 'TypeError', message: 'inner', code: 'ECONNREFUSED' });
    expect(err.errors).toMatchObject([{ message: 'one' }]);
  });

  it('tells nothing that a library has hung onto it, at any depth', () => {
    const hung = {
      ...{ detail: `Key (key)=(${SECRET}) exists.`, where: SECRET, query: SECRET, parameters: [SECRET] },
      ...{ headers: { apikey: SECRET }, body: SECRET, content: Buffer.from(SECRET) },
    };
    const row = Object.assign(new Error('duplicate key'), hung, { code: '23505', constraint: 'keys_pkey' });
    const inside = Object.assign(new Error('outer', { cause: row }), hung);
    const many = Object.assign(new AggregateError([row], 'many'), hung);
    expect(logged(row).err).toMatchObject({ code: '23505', constraint: 'keys_pkey' });
    for (const error of [row, inside, many]) expect(logged(error).text).not.toContain(SECRET);
  });

  it.each(['text', null, 7])('takes %s for an error', (thrown) => {
    expect(logged(thrown).err).toEqual({ message: String(thrown) });
  });

  it('ends where an error is its own cause', () => {
    const error = new Error('round');
    error.cause = error;
    expect(logged(error).text.length).toBeLessThan(20_000);
  });
});
