import { keyReused } from '@shop/chassis/reliable/idempotency/key-results.ts';
import { inRounds } from './adjust-stock-batch.ts';
import type { Locked } from './row-locks.ts';

/** Runs rounds that end as they are listed; the last one ends nothing. Returns the result, and the rounds that were run. */
async function run(...ends: (string | Error)[]) {
  const rounds: Locked[] = [];
  const round = async (locked: Locked) => {
    const end = ends[rounds.length];
    rounds.push(locked);
    if (typeof end !== 'string') throw end;
    return end;
  };
  const result = await inRounds(round, (end) => end.startsWith('locked'));
  return [result, ...rounds];
}

const inVain = (code: string) => Object.assign(new Error('waited in vain'), { code });

describe('inRounds', () => {
  it('ends with the first round when nothing was locked', async () => {
    expect(await run('done')).toEqual(['done', 'passed-over']);
  });

  it('waits for what was locked', async () => {
    expect(await run('locked', 'done')).toEqual(['done', 'passed-over', 'awaited']);
  });

  it.each(['55P03', '57014'])('passes over what is still locked after waiting in vain: %s', async (code) => {
    const rounds = ['passed-over', 'awaited', 'passed-over'];
    expect(await run('locked', inVain(code), 'locked still')).toEqual(['locked still', ...rounds]);
    expect(await run('locked', inVain(code), 'done')).toEqual(['done', ...rounds]);
  });

  it('answers with what the first round did when another request took the key since', async () => {
    expect(await run('locked', keyReused())).toEqual(['locked', 'passed-over', 'awaited']);
  });

  it('fails with any other fault', async () => {
    await expect(run('locked', inVain('57P01'))).rejects.toThrow('waited in vain');
    await expect(run(keyReused())).rejects.toThrow('idempotency-key-reused');
  });
});
