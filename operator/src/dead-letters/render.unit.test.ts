import type { DeadLetter } from '../../../clients/typescript/src/index.ts';
import { renderGroups, renderLetters, renderWhole } from './render.ts';

const letter: DeadLetter = {
  id: '0195f0a0-0000-7000-8000-000000000001',
  queue: 'q',
  type: 'reservation.held',
  reason: 'attempts-exhausted',
  group: 'q:reservation.held:attempts-exhausted',
  status: 'replayed',
  attempts: 6,
  history: [
    { type: 'failed', at: '2026-01-05T12:00:00.000Z', message: 'poison', stack: 'Error: poison\n    at handle' },
    { type: 'replayed', at: '2026-01-05T13:00:00.000Z', actor: 'operator-1', correlationId: 'request-1' },
  ],
};

describe('what dead-letters prints', () => {
  it('has a line for each group, and a message if there is none', () => {
    const group = { ...letter, count: 2, firstAt: '2026-01-05T12:00:00.000Z', lastAt: '2026-01-05T13:00:00.000Z' };
    expect(renderGroups([group]).split('\n')[1]).toBe(
      '2     q:reservation.held:attempts-exhausted  2026-01-05 12:00:00  2026-01-05 13:00:00',
    );
    expect(renderGroups([])).toBe('No open dead letters.');
  });

  it('has a line for each letter, with the actor of its last change', () => {
    expect(renderLetters([letter]).split('\n')[1]).toMatch(
      /^0195f0a0.* replayed +6 .* 2026-01-05 13:00:00 +operator-1$/,
    );
  });

  it('has the whole message and every error, with control characters escaped', () => {
    const message = { id: 'm-1', routingKey: 'k', headers: { 'x-attempts': 6 }, body: 'red \u001b[31m' };
    const times = { createdAt: '2026-01-05T12:00:00.000Z', updatedAt: '2026-01-05T13:00:00.000Z' };
    const text = renderWhole({ ...letter, ...times, message });
    for (const part of ['failed', '    at handle', 'replayed by operator-1', '"x-attempts":6', 'red \\u001b[31m'])
      expect(text).toContain(part);
    expect(text).not.toContain('\u001b');
  });
});
