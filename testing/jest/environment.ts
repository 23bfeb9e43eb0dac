import { TestEnvironment } from 'jest-environment-node';

/** Child processes inherit the name of the test file, so that a process left running can be attributed to it. */
export default class NamedEnvironment extends TestEnvironment {
  constructor(...[config, context]: ConstructorParameters<typeof TestEnvironment>) {
    process.env.SHOP_TEST_FILE = context.testPath; // before super(), which copies the environment for the tests
    super(config, context);
  }
}
