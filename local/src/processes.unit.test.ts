import { familyOf, isRunning, parseStat, statOf, thisProcess } from './processes.ts';

const rest = '17 42 41 0 -1 4194560 1 0 0 0 1 2 0 0 20 0 1 0 987654 1000 20';

describe('parseStat', () => {
  it('reads past a name with spaces and brackets', () => {
    const stat = parseStat(`77 (a) R (b c) S ${rest}`);
    expect(stat).toMatchObject({ pid: 77, name: 'a) R (b c', state: 'S', parent: 17, group: 42, session: 41 });
    expect(stat?.startedAt).toMatch(/\/987654$/);
  });

  it('finds nothing in an empty file', () => {
    expect(parseStat('')).toBeUndefined();
  });
});

describe('a process by pid and start time', () => {
  it('runs when both fit', () => {
    expect(isRunning(thisProcess())).toBe(true);
  });

  it('does not run when another one has its pid now', () => {
    const reused = { pid: process.pid, startedAt: 'earlier' };
    expect(isRunning(reused)).toBe(false);
    expect(familyOf(reused)).toEqual([]);
  });

  it('does not run when nobody has its pid', () => {
    const beyondTheHighestPid = 2 ** 22 + 1;
    expect(statOf(beyondTheHighestPid)).toBeUndefined();
    expect(isRunning({ pid: beyondTheHighestPid, startedAt: '' })).toBe(false);
  });
});
