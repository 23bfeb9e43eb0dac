import { parseOptions } from './options.ts';
import { quickScenarios, scenarios } from './scenarios.ts';

function names(...args: string[]): string[] {
  const options = parseOptions(args);
  return options === 'help' ? [] : options.scenarios.map(({ name }) => name);
}

describe('parseOptions', () => {
  it('measures everything in three rounds unless told otherwise', () => {
    expect(names()).toEqual(scenarios.map(({ name }) => name));
    expect(parseOptions([])).toMatchObject({ rounds: 3, json: false, page: false });
  });

  it('takes the scenarios that are named, also beside the quick ones', () => {
    expect(names('--scenario', 'hot,uniform-1')).toEqual(['uniform-1', 'hot']);
    expect(names('--quick', '--scenario', 'read')).toEqual(['read']);
  });

  it.each([
    [['--scenario', 'cold'], /not "cold"/],
    [['--rounds', '0'], /from 1 to 20/],
    [['--fast'], /--fast/],
    [['--page', '--quick'], /whole run/],
  ])('says what is wrong with %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});

describe('the scenarios', () => {
  it.each([...scenarios, ...quickScenarios()].map((scenario) => [scenario.name, scenario] as const))(
    '%s has entries of different labels, and ratios between them',
    (_, { entries, ratios }) => {
      const labels = entries.map(({ label }) => label);
      expect(new Set(labels).size).toBe(labels.length);
      expect(labels).toEqual(expect.arrayContaining(ratios.flat()));
    },
  );
});
