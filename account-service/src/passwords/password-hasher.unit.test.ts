import { RefusedError } from '@shop/chassis/reliable/refusal.ts';
import { createPasswordHasher } from './password-hasher.ts';

const hasher = createPasswordHasher(1);

it('recognizes the password and no other', async () => {
  const stored = await hasher.hash('correct horse');
  expect(stored).toMatchObject({ memoryKib: 19_456, passes: 2, parallelism: 1 });
  expect(await hasher.matches('correct horse', stored)).toBe(true);
  expect(await hasher.matches('correct Horse', stored)).toBe(false);
});

it('salts: the same password has another hash each time', async () => {
  const [first, second] = [await hasher.hash('correct horse'), await hasher.hash('correct horse')];
  expect(first.hash).not.toEqual(second.hash);
});

it('takes the two forms of a character for one', async () => {
  expect(await hasher.matches('cafe\u0301 au lait', await hasher.hash('caf\u00e9 au lait'))).toBe(true);
});

it('compares by the parameters of the stored hash', async () => {
  const { salt, ...present } = await hasher.hash('correct horse');
  expect(await hasher.matches('correct horse', { ...present, salt, passes: present.passes + 1 })).toBe(false);
});

it('refuses what would wait for too long, and goes on afterwards', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => hasher.hash('correct horse')));
  // One at a time, eight wait.
  expect(outcomes.map(({ status }) => status)).toEqual([...Array(9).fill('fulfilled'), ...Array(3).fill('rejected')]);
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  for (const reason of refused) {
    expect(reason).toBeInstanceOf(RefusedError);
    expect(reason.refusal.code).toBe('overloaded');
  }
  await hasher.hash('correct horse');
});
