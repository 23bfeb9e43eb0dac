/**
 * `describe` for tests with a requirement that a machine may lack; `isThere` is the result of a check. Without it they are
 * skipped, with the reason in their title: the test runner treats any other skipped test as a failure.
 */
export function describeNeeding(what: string, isThere: boolean, name: string, tests: () => void): void {
  if (isThere) describe(name, tests);
  else describe.skip(`${name} [needs ${what}]`, tests);
}
