import { TestEnvironment } from 'jest-environment-node';

/** What a test starts inherits the name of the file, so that what is left running can be traced back to it. */
export default class NamedEnvironment extends TestEnvironment {
  constructor(...[config, context]: ConstructorParameters<typeof TestEnvironment>) {
    process.env.SHOP_TEST_FILE = context.testPath; // first: the environment of the tests is a copy
    super(config, context);
  }
}
