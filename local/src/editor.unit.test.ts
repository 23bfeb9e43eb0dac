/** What .vscode/ names exists: the ports of --inspect, the task, and the options of its command. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from '../../services.ts';
import { parseStart } from './arguments.ts';
import { repositoryRoot } from './folders.ts';

// The editor takes comments in them.
const read = (name: string) =>
  JSON.parse(readFileSync(join(repositoryRoot(), '.vscode', name), 'utf8').replace(/^ *\/\/.*$/gm, ''));
const { configurations, compounds } = read('launch.json');
const { tasks } = read('tasks.json');

it('the debugger attaches where --inspect listens', () => {
  const attached = configurations.filter(({ request }: { request: string }) => request === 'attach');
  const ports = attached.map(({ port }: { port: number }) => port);
  expect(ports).toEqual(services.map(({ inspectorPort }) => inspectorPort));
  expect(compounds[0].configurations).toEqual(attached.map(({ name }: { name: string }) => name));
});

it('it starts the system first, with options that there are', () => {
  const task = tasks.find(({ label }: { label: string }) => label === compounds[0].preLaunchTask);
  const [npm, start, dashes, ...options] = task.command.split(' ');
  expect([npm, start, dashes]).toEqual(['npm', 'start', '--']);
  expect(parseStart(options)).toMatchObject({ watch: true, inspect: true });
});
