import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@shop/chassis/base/fault.ts';
import { atEnd } from '@shop/chassis/testing/at-end.ts';
import { readSchedule } from './read-schedule.ts';
import { faultKinds, planFaults } from './schedule.ts';

describe('readSchedule', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'shop-schedule-'));
  });
  atEnd(() => rmSync(folder, { recursive: true, force: true }));

  const fileWith = (text: string) => {
    const file = join(folder, 'schedule.json');
    writeFileSync(file, text);
    return file;
  };

  it('reads the faults of a run with a seed', () => {
    const plan = planFaults(1, 60, faultKinds);
    expect(readSchedule(fileWith(JSON.stringify(plan)))).toEqual(plan);
  });

  it.each([
    ['no JSON', '[', 'JSON'],
    ['an unknown kind', '[{"kind":"flood","part":"broker","how":"kill","at":1,"lasts":1}]', 'kind'],
    ['an invalid time', '[{"kind":"kill","part":"order-1","how":"kill","at":"soon","lasts":1}]', 'at [0].at'],
  ])('refuses %s', (_, text, message) => {
    const file = fileWith(text);
    expect(() => readSchedule(file)).toThrow(UsageError);
    expect(() => readSchedule(file)).toThrow(message);
  });

  it('refuses a missing file', () => {
    expect(() => readSchedule(join(folder, 'none.json'))).toThrow('ENOENT');
  });
});
