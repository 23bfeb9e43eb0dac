import { execFileSync } from 'node:child_process';
import { describeNeeding } from '@shop/chassis/testing/needing.ts';
import { type ClockError, findFaketime, withClock } from './clock.ts';

// Prints the error of its clock, and the duration of a 300 ms timer by the kernel's clock.
const program = `
const uptime = () => 1000 * Number(require('node:fs').readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
const began = uptime();
setTimeout(() => console.log(JSON.stringify({ clock: Date.now(), took: uptime() - began })), 300);`;

describeNeeding('libfaketime', findFaketime() !== undefined, 'a process with a wrong clock', () => {
  it.each<[ClockError, number]>([
    ['ahead', 7],
    ['behind', -7],
  ])('is minutes %s, and its timers are correct', (error, minutes) => {
    const launch = {
      command: process.execPath,
      args: ['-e', program],
      env: process.env,
      stopSignal: 'SIGTERM',
    } as const;
    const { command, args, env } = withClock({ ...launch, args: [...launch.args] }, error);
    const began = Date.now();
    const { clock, took } = JSON.parse(execFileSync(command, args, { env, encoding: 'utf8' }));
    const elapsed = Date.now() - began;
    expect(clock - began - minutes * 60_000).toBeGreaterThanOrEqual(0);
    expect(clock - began - minutes * 60_000).toBeLessThanOrEqual(elapsed);
    expect(took).toBeGreaterThanOrEqual(280);
    expect(took).toBeLessThanOrEqual(elapsed + 20);
  });
});
