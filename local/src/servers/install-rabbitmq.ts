import { Fault } from '@shop/chassis/base/fault.ts';
import { aptAccess, installPackages } from '../debian.ts';
import { findRabbitmq } from './rabbitmq.ts';

/** Makes sure that the machine has rabbitmq-server: installs it as root, otherwise says what to install. */
export async function ensureRabbitmq(log: string, say: (text: string) => void): Promise<void> {
  if (findRabbitmq() !== undefined) return;
  const access = aptAccess();
  if (access !== 'root') {
    const how = access === 'none' ? 'install RabbitMQ 3.10 or later' : 'sudo apt-get install rabbitmq-server';
    throw new Fault(`RabbitMQ is not installed: ${how}`);
  }
  say(`  rabbitmq-server is missing: installing it with apt-get, without starting the system's own broker (${log}) …`);
  await installPackages(['rabbitmq-server'], log);
  if (findRabbitmq() === undefined) throw new Fault(`apt-get did not install rabbitmq-server; see ${log}`);
}
