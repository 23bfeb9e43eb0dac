import { join } from 'node:path';
import type { Topology } from '@shop/chassis/reliable/messaging/topology.ts';
import { services } from '../services.ts';

/** The topology that each service declares on the broker, from its `src/queues.ts`. */
export function readTopologies(root: string): Promise<{ service: string; topology: Topology }[]> {
  return Promise.all(
    services.map(async ({ folder }) => {
      const { topology }: { topology: Topology } = await import(join(root, folder, 'src/queues.ts'));
      return { service: folder, topology };
    }),
  );
}
