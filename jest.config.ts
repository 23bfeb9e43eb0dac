import type { Config } from 'jest';

/** Every tier runs through this one file; `commands/bootstrap.mjs test <tier>` picks the tier by suffix. */
const config: Config = {
  testEnvironment: '<rootDir>/testing/jest/environment.ts',
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.m?[jt]s$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs', ignoreDynamic: false },
      },
    ],
  },
  // Published as ES modules only; jest loads CommonJS, so SWC rewrites them too.
  transformIgnorePatterns: ['/node_modules/(?!(uuid|jose|@scure|@noble)/)'],
  modulePathIgnorePatterns: ['<rootDir>/.local/', '<rootDir>/clients/typescript/dist/', '<rootDir>/web/dist/'],
  testSequencer: '<rootDir>/testing/jest/slowest-first.ts',
  // For hangs: no machine is so busy that a test takes that long. What a test waits for has a limit of its own below this
  // one (chassis/src/testing/eventually.ts), so that its message is the one that is shown.
  testTimeout: 300_000,
  // The last process of each worker has hardly started when it is asked to end.
  workerGracefulExitTimeout: 60_000,
};

export default config;
