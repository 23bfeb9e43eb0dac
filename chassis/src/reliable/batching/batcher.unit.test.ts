import { createMetrics } from '../../base/telemetry/metrics.ts';
import { RefusedError } from '../refusal.ts';
import { createBatcher, isolatingFailures } from './batcher.ts';

const metrics = createMetrics('test', '0');
const later = () => performance.now() + 10_000;
const fulfilled = <T>(value: T): PromiseSettledResult<T> => ({ status: 'fulfilled', value });

/** A batcher whose batches are ended by the test. */
function controlled(options: Partial<Parameters<typeof createBatcher<number, number>>[0]> = {}) {
  const batches: { members: number[]; finish: () => void }[] = [];
  const batcher = createBatcher<number, number>({
    stage: 'test',
    slots: 1,
    maxMembers: 64,
    maxWeight: 1_000,
    metrics,
    run: (members) =>
      new Promise((resolve) => {
        batches.push({ members, finish: () => resolve(members.map((member) => fulfilled(member * 2))) });
      }),
    ...options,
  });
  return { batcher, batches };
}
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('createBatcher', () => {
  it('runs a member that is alone at once', async () => {
    const { batcher, batches } = controlled();
    const result = batcher.submit(1, 1, later());
    await turn();
    expect(batches.map(({ members }) => members)).toEqual([[1]]);
    batches[0]?.finish();
    await expect(result).resolves.toBe(2);
  });

  it('puts the members of one poll phase, and then all that waited, into one batch each', async () => {
    const { batcher, batches } = controlled();
    void batcher.submit(1, 1, later());
    void batcher.submit(2, 1, later());
    await turn();
    for (const member of [3, 4, 5]) void batcher.submit(member, 1, later());
    await turn();
    expect(batches).toHaveLength(1);
    batches[0]?.finish();
    await turn();
    expect(batches.map(({ members }) => members)).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
  });

  it('limits members and weight, and runs a heavy member alone', async () => {
    const { batcher, batches } = controlled({ slots: 9, maxMembers: 2, maxWeight: 10 });
    for (const [member, weight] of [
      [1, 1],
      [2, 1],
      [3, 50],
      [4, 6],
      [5, 6],
    ] as const) {
      void batcher.submit(member, weight, later());
    }
    for (let done = 0; done < 4; done += 1) {
      await turn();
      batches[done]?.finish();
    }
    expect(batches.map(({ members }) => members)).toEqual([[1, 2], [3], [4], [5]]);
  });

  it('starts another batch once half as many members wait as are running, and at the latest when those have ended', async () => {
    const { batcher, batches } = controlled({ slots: 3 });
    const submit = (...members: number[]) => {
      for (const member of members) void batcher.submit(member, 1, later());
    };
    submit(1, 2, 3, 4);
    await turn();
    submit(5);
    await turn();
    expect(batches).toHaveLength(1);
    submit(6);
    await turn();
    expect(batches.map(({ members }) => members)).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    submit(7);
    await turn();
    expect(batches).toHaveLength(2);
    for (const batch of batches) batch.finish();
    await turn();
    expect(batches.at(-1)?.members).toEqual([7]);
  });

  it('refuses a member whose deadline passed while it waited, and never starts it', async () => {
    const { batcher, batches } = controlled();
    void batcher.submit(1, 1, later());
    await turn();
    const expired = batcher.submit(2, 1, performance.now() - 1);
    batches[0]?.finish();
    await expect(expired).rejects.toMatchObject({ refusal: { code: 'overloaded' } });
    await batcher.drain();
    expect(batches).toHaveLength(1);
  });

  it('refuses newcomers while the head of the queue is past its deadline', async () => {
    const { batcher, batches } = controlled();
    void batcher.submit(1, 1, later());
    await turn();
    const late = batcher.submit(2, 1, performance.now() - 1);
    await expect(batcher.submit(3, 1, later())).rejects.toBeInstanceOf(RefusedError);
    batches[0]?.finish();
    await expect(late).rejects.toBeInstanceOf(RefusedError);
    const next = batcher.submit(4, 1, later());
    await turn();
    batches[1]?.finish();
    await expect(next).resolves.toBe(8);
  });

  it('counts refused members, and refusals announced by isFull', async () => {
    const { batcher } = controlled({ stage: 'counted' });
    void batcher.submit(1, 1, later());
    await turn();
    expect(batcher.isFull()).toBe(false);
    void batcher.submit(2, 1, performance.now() - 1);
    await expect(batcher.submit(3, 1, later())).rejects.toBeInstanceOf(RefusedError);
    expect(batcher.isFull()).toBe(true);
    const { values } = await metrics.batchRefused.get();
    expect(values.find(({ labels }) => labels.stage === 'counted')?.value).toBe(2);
  });

  describe('under overload', () => {
    beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] }));
    afterEach(() => jest.useRealTimers());

    it('refuses members that would wait for too long at the pace of the last batches, and none once the queue is short', async () => {
      const { batcher, batches } = controlled({ maxMembers: 10, maxExpectedWaitMs: 500 });
      let refused = 0;
      const submit = (count: number) => {
        for (let n = 0; n < count; n += 1) batcher.submit(1, 1, later()).catch(() => (refused += 1));
      };
      const finishBatches = async (count: number) => {
        for (let n = 0; n < count; n += 1) {
          jest.advanceTimersByTime(50); // ten members each: 5 ms for one
          batches.at(-1)?.finish();
          await turn();
        }
      };
      submit(200);
      await turn();
      await finishBatches(4);
      submit(1);
      await turn();
      expect(refused).toBe(1); // 150 wait: 750 ms
      await finishBatches(6);
      submit(20);
      await turn();
      expect(refused).toBe(1 + 9); // 90 wait: 450 ms; eleven more, and it is more than 500
      await finishBatches(20);
      submit(300);
      await turn();
      expect(refused).toBe(10); // without a queue the pace is unknown
    });
  });

  it('drains: resolves when nothing waits and nothing runs', async () => {
    const { batcher, batches } = controlled();
    void batcher.submit(1, 1, later());
    await turn();
    void batcher.submit(2, 1, later());
    let drained = false;
    const draining = batcher.drain().then(() => {
      drained = true;
    });
    batches[0]?.finish();
    await turn();
    expect(drained).toBe(false);
    batches[1]?.finish();
    await draining;
    expect(drained).toBe(true);
  });

  it('fails all members of a batch whose run throws, and continues', async () => {
    let calls = 0;
    const { batcher } = controlled({
      run: async (members) => {
        calls += 1;
        if (calls === 1) throw new Error('no');
        return members.map(fulfilled);
      },
    });
    await expect(batcher.submit(1, 1, later())).rejects.toThrow('no');
    await expect(batcher.submit(2, 1, later())).resolves.toBe(2);
  });
});

describe('isolatingFailures', () => {
  it('runs the members one by one after a failure, so that the bad one fails alone', async () => {
    const statement = async (members: readonly number[]) => {
      if (members.includes(2)) throw new Error('bad');
      return members.map((member) => member * 10);
    };
    const results = await isolatingFailures([1, 2, 3], statement, () => false);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('does not run the members one by one after an error of the whole batch', async () => {
    let calls = 0;
    const statement = async (): Promise<number[]> => {
      calls += 1;
      throw new Error('away');
    };
    const results = await isolatingFailures([1, 2, 3], statement, () => true);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(calls).toBe(1);
  });
});
