import { startProgram } from './start-program.ts';

const run = (script: string) => startProgram(process.execPath, ['-e', script]).ended;

it('ends with the code of the program and all that it wrote', async () => {
  expect(await run('console.log("one"); console.error("two"); process.exitCode = 3')).toMatchObject({
    code: 3,
    stdout: 'one\n',
    stderr: 'two\n',
    output: expect.stringMatching(/^(one\ntwo\n|two\none\n)$/),
  });
});

it('ends without a code after a signal', async () => {
  expect((await run('process.kill(process.pid, "SIGKILL")')).code).toBeNull();
});

it('is rejected when there is no such program', async () => {
  await expect(startProgram('/no/such/program', []).ended).rejects.toThrow('ENOENT');
});
