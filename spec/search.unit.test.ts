import { readVerdict } from './search.ts';

const sizes = `
State-vector 140 byte, depth reached 100, errors: 0
  1116683 states, stored
  5456742 transitions (= stored+matched)
  110.467	total actual memory usage
`;

describe('a report of pan', () => {
  it('holds when the search was complete and found no error', () => {
    expect(readVerdict(sizes)).toMatchObject({
      outcome: 'holds',
      states: 1_116_683,
      transitions: 5_456_742,
      megabytes: 110,
    });
  });

  it('is violated when a claim was false, and names it', () => {
    const report = `pan:1: assertion violated (reserved<=onHand) (at depth 40)\nWarning: Search not completed\n${sizes.replace('errors: 0', 'errors: 1')}`;
    expect(readVerdict(report)).toMatchObject({ outcome: 'violated', claim: '(reserved<=onHand)' });
  });

  it('is violated when a process waits for ever', () => {
    expect(readVerdict('pan:1: invalid end state (at depth 80)\n')).toMatchObject({ claim: 'invalid end state' });
  });

  it.each([
    ['the memory did not suffice', `pan: reached -DMEMLIM bound\nWarning: Search not completed\n${sizes}`],
    ['a path was too long', `error: max search depth too small\n${sizes}`],
    ['it was ended before its report', 'Depth=     118 States=    1e+06 Transitions= 5.62e+06'],
  ])('has no result when %s', (_, report) => {
    expect(readVerdict(report)).toMatchObject({ outcome: 'incomplete' });
  });

  it('names the steps that no path took', () => {
    const report = `${sizes}unreached in proctype Post\n\tmodel.pml:285, state 103, "(1)"\n\t(1 of 253 states)\nunreached in proctype Ship\n\t(0 of 7 states)\n`;
    expect(readVerdict(report).unreached).toEqual({ Post: ['line 285: (1)'], Ship: [] });
  });
});
