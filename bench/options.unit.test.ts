import { parseOptions } from './options.ts';
import { onFullTables, quickScenarios, scenarios } from './scenarios.ts';

function names(...args: string[]): string[] {
  const options = parseOptions(args);
  return options === 'help' ? [] : options.scenarios.map(({ name }) => name);
}

describe('parseOptions', () => {
  it('measures everything in three rounds by default', () => {
    expect(names()).toEqual(scenarios.map(({ name }) => name));
    expect(parseOptions([])).toMatchObject({ rounds: 3, json: false, page: false });
  });

  it('accepts named scenarios, also with --quick', () => {
    expect(names('--scenario', 'hot,uniform-1')).toEqual(['uniform-1', 'hot']);
    expect(names('--quick', '--scenario', 'read')).toEqual(['read']);
  });

  it('compares only full tables with empty ones, and everything with --page', () => {
    expect(names('--rows', '1000', '--scenario', 'hot,read')).toEqual(['hot-full', 'read-full']);
    expect(names('--rows', '1000')).toContain('uniform-64-full');
    expect(names('--rows', '1000')).not.toContain('uniform-64');
    expect(names('--rows', '1000', '--page')).toEqual([...names(), ...names('--rows', '1000')]);
  });

  it.each([
    [['--scenario', 'cold'], /not "cold"/],
    [['--rounds', '0'], /from 1 to 20/],
    [['--fast'], /--fast/],
    [['--rows', 'many'], /whole number/],
    [['--rows', '1000', '--scenario', 'drain'], /drain cannot be measured on full tables/],
    [['--quick', '--orders', 'sales.csv'], /not part of this run/],
    [['--page', '--quick'], /complete run/],
    [['--rebuild', '1000', '--scenario', 'hot'], /nothing else/],
  ])('refuses %j with a message', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});

describe('the scenarios', () => {
  const full = scenarios.flatMap((scenario) => onFullTables(scenario) ?? []);
  it.each([...scenarios, ...quickScenarios(), ...full].map((scenario) => [scenario.name, scenario] as const))(
    '%s has entries with different labels, and ratios between them',
    (_, { entries, ratios }) => {
      const labels = entries.map(({ label }) => label);
      expect(new Set(labels).size).toBe(labels.length);
      expect(labels).toEqual(expect.arrayContaining(ratios.flat()));
    },
  );
});
