/** Runs the tests of the rules with promtool. */
import { spawnSync } from 'node:child_process';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { hasTool } from '../check-files.ts';

describeNeeding('promtool', hasTool('promtool'), 'promtool test rules', () => {
  it.each(['alerts', 'objectives'])('passes the tests of %s', (name) => {
    const args = ['test', 'rules', `tests/${name}.test.yml`];
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: __dirname, encoding: 'utf8' });
    expect(stdout + stderr).toMatch(/SUCCESS/);
    expect({ status, output: stdout + stderr }).toMatchObject({ status: 0 });
  });
});
