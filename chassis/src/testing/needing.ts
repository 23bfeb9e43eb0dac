/**
 * `describe` for tests that need something which a machine may lack; `isThere` is what a probe found just now. Without it
 * they are skipped, and their title says why: the test runner takes any other skip for a failure.
 */
export function describeNeeding(what: string, isThere: boolean, name: string, tests: () => void): void {
  if (isThere) describe(name, tests);
  else describe.skip(`${name} [needs ${what}]`, tests);
}
