import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncapiDocument } from '@shop/chassis/contract/asyncapi.ts';
import { readMessages } from '@shop/chassis/contract/read-messages.ts';
import { stringify } from 'yaml';
import { readTopologies } from '../../registry/topologies.ts';

/** The text of `asyncapi.yaml`, generated from the message contract and the queues of the services. */
export async function asyncapiPage(root: string): Promise<{ path: string; text: string }> {
  const chassis = join(root, 'chassis');
  const contract = join(chassis, 'src/contract');
  const { version } = JSON.parse(readFileSync(join(chassis, 'package.json'), 'utf8')) as { version: string };
  const topologies = await readTopologies(root);
  const document = asyncapiDocument({
    version,
    messages: await readMessages(contract),
    queues: topologies.flatMap(({ service, topology }) => topology.queues.map((queue) => ({ service, queue }))),
    sampleOf: (routingKey) =>
      JSON.parse(readFileSync(join(contract, 'samples', `${routingKey}.json`), 'utf8')) as unknown,
  });
  const head =
    '# Every message, made from src/contract/messages/ and the queues of the services by `npm run asyncapi`; a test compares them.\n';
  return {
    path: join(chassis, 'asyncapi.yaml'),
    text: head + stringify(document, { aliasDuplicateObjects: false, blockQuote: 'literal', lineWidth: 0 }),
  };
}
