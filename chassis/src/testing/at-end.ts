type End = () => unknown;

/** What the running test started, and what was started before it for several tests. */
let ofTest: End[] | undefined;
const ofFile: End[] = [];

/**
 * Whatever a test starts ends with it, passed or failed: say so in the line after the start. What `beforeAll` starts ends
 * with the file. The last that was started ends first, and each ends though another cannot.
 *
 *     const consumer = startConsumer(…);
 *     atEnd(() => consumer.stop());
 */
export function atEnd(end: End): void {
  (ofTest ?? ofFile).push(end);
}

// Hooks of the file that imports this: jest loads it again for each file. A process that tests start has no hooks.
if (typeof afterEach === 'function') {
  beforeEach(() => {
    ofTest = [];
  });
  afterEach(async () => {
    const ends = ofTest ?? [];
    ofTest = undefined;
    await endAll(ends);
  });
  afterAll(() => endAll(ofFile));
}

async function endAll(ends: End[]): Promise<void> {
  const failures: unknown[] = [];
  for (let end = ends.pop(); end; end = ends.pop()) {
    try {
      await end();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0)
    throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.join('\n'));
}
