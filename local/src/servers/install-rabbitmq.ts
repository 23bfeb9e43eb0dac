import { Fault } from '@shop/chassis/base/fault.ts';
import { aptAccess, installPackages } from '../debian.ts';
import { findRabbitmq } from './rabbitmq.ts';

/** Makes sure that the machine has rabbitmq-server: as root by apt, else by telling the user what to install. */
export async function ensureRabbitmq(log: string, say: (text: string) => void): Promise<void> {
  if (findRabbitmq() !== undefined) return;
  const access = aptAccess();
  if (access !== 'root') {
    const how = access === 'none' ? 'install RabbitMQ 3.10 or later' : 'sudo apt-get install rabbitmq-server';
    throw new Fault(`RabbitMQ is missing on this machine: ${how}`);
  }
  say(`  rabbitmq-server is missing: installing it with apt-get, without starting the system's own broker (${log}) …`);
  await installPackages(['rabbitmq-server'], log);
  if (findRabbitmq() === undefined) throw new Fault(`apt-get installed no rabbitmq-server; see ${log}`);
}
