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

it('refuses at once what could not have a turn, before it asks the database', async () => {
  const own = createPasswordHasher(1);
  const ends: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => ends.push(resolve));
  // One compares, eight wait for their turn, and twenty are slowed down.
  const outcomes = Array.from({ length: 31 }, () => own.admit(work));
  await expect(outcomes.at(-1)).rejects.toMatchObject({ refusal: { code: 'overloaded' } });
  await expect(outcomes.at(-2)).rejects.toMatchObject({ refusal: { code: 'overloaded' } });
  expect(ends).toHaveLength(29);
  for (const end of ends) end();
  await Promise.all(outcomes.slice(0, 29));
  const again = own.admit(work);
  ends.at(-1)?.();
  await again;
});
