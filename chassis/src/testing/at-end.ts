type End = () => unknown;

/** Cleanup of the running test, and of `beforeAll`. */
let ofTest: End[] | undefined;
const ofFile: End[] = [];

/**
 * Register a cleanup right after the start. It runs after the test, passed or failed; a cleanup registered in `beforeAll`
 * runs after the last test of the file. Cleanups run in reverse order, and all of them run even if one fails.
 *
 *     const consumer = startConsumer(…);
 *     atEnd(() => consumer.stop());
 */
export function atEnd(end: End): void {
  (ofTest ?? ofFile).push(end);
}

// Jest loads this module once per test file. A process that a test starts has no hooks.
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
