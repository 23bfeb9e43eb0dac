import { spawnSync } from 'node:child_process';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { harmfulMutations, smallConfigurations } from './configurations.ts';
import { search, type Verdict } from './search.ts';

const runs = (command: string, option: string) => spawnSync(command, [option], { stdio: 'ignore' }).status === 0;
const isThere = runs('spin', '-V') && runs('gcc', '--version');
// Most take seconds; the limit is for a busy machine.
const limits = { megabytes: 1_500, seconds: 240, quickly: true };
const TIMEOUT_MS = 300_000;
// Claims and empty alternatives, the ends of processes that never end, and a message that is duplicated and
// dead-lettered: two faults, which only the large searches have.
const isNeverTaken = /: (assert\(|\(1\)$|else$|-end-|(dead|again)\[)/;

describeNeeding('spin and gcc', isThere, 'the model of the order protocol', () => {
  const verdicts: Verdict[] = [];

  it.each(smallConfigurations)(
    'holds in every state that can be reached: $name ($about)',
    async (configuration) => {
      const verdict = await search(configuration, limits);
      verdicts.push(verdict);
      expect([verdict.outcome, verdict.claim]).toEqual(['holds', undefined]);
      expect(verdict.states).toBeGreaterThan(configuration.atLeast);
    },
    TIMEOUT_MS,
  );

  it('has only steps that some of these searches take', () => {
    const processes = new Set(verdicts.flatMap(({ unreached }) => Object.keys(unreached)));
    const dead = [...processes].flatMap((process) => {
      const [first = [], ...others] = verdicts.flatMap(({ unreached }) =>
        unreached[process] ? [unreached[process]] : [],
      );
      const steps = first.filter((step) => others.every((other) => other.includes(step)));
      return steps.filter((step) => !isNeverTaken.test(step)).map((step) => `${process} ${step}`);
    });
    expect(dead).toEqual([]);
  });

  it.each(harmfulMutations)(
    'finds the violation without its rule: $name',
    async (mutation) => {
      expect((await search(mutation, limits)).outcome).toBe('violated');
    },
    TIMEOUT_MS,
  );
});
