import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

interface Entity {
  id: string;
  tags?: string[];
  [parent: string]: unknown;
}

/** Kong's own defaults, which decK requests, and which kong.yml must override. */
const ownDefaults: Record<string, object> = {
  routes: { strip_path: true, protocols: ['http', 'https'], https_redirect_status_code: 426 },
  services: { retries: 5, connect_timeout: 60_000, write_timeout: 60_000, read_timeout: 60_000 },
  upstreams: {
    algorithm: 'round-robin',
    healthchecks: {
      active: {
        http_path: '/',
        healthy: { interval: 0, successes: 0, http_statuses: [200, 302] },
        unhealthy: { interval: 0, http_failures: 0, http_statuses: [429, 404, 500], tcp_failures: 0, timeouts: 0 },
      },
    },
  },
};

/** Defaults in the form of a Kong schema. */
function fieldsOf(defaults: object): object[] {
  return Object.entries(defaults).map(([name, value]) => ({
    [name]: value.constructor === Object ? { type: 'record', fields: fieldsOf(value) } : { default: value },
  }));
}

/**
 * The parts of Kong's Admin API that decK needs for a sync: it stores entities and lists them, without Kong's validation.
 */
export async function startAdminApi() {
  const kinds = new Map<string, Map<string, Entity>>();
  const kindOf = (name: string) => {
    // The only kind whose list has a different name than its entities.
    const key = name === 'key-auths' ? 'key-auth' : name;
    return kinds.get(key) ?? kinds.set(key, new Map()).get(key);
  };

  function list(path: string[], tag: string | null): Entity[] {
    const [parents = '', parent] = path.length === 3 ? path : [];
    const entities = [...(kindOf(path.at(-1) as string)?.values() ?? [])];
    return entities.filter((entity) => {
      const owner = entity[parents.replace(/s$/, '')] as { id: string } | undefined;
      return (!parent || owner?.id === parent) && (!tag || entity.tags?.includes(tag));
    });
  }

  async function answer(req: IncomingMessage): Promise<[status: number, body?: unknown]> {
    const url = new URL(req.url as string, 'http://localhost');
    const path = url.pathname.split('/').filter((segment) => segment !== '');
    if (path.length === 0) return [200, { version: '3.9.3', configuration: { database: 'postgres' } }];
    if (path[0] === 'schemas') {
      const fields = fieldsOf(ownDefaults[path[1] ?? ''] ?? {});
      return [200, { fields: [{ config: { type: 'record', fields: [] } }, ...fields] }];
    }
    if (path.length % 2 === 1) return [200, { data: list(path, url.searchParams.get('tags')), next: null }];
    const [kind, id] = path.slice(-2) as [string, string];
    const entities = kindOf(kind) as Map<string, Entity>;
    if (req.method === 'PUT') {
      entities.set(id, { ...((await json(req)) as object), id });
      return [200, entities.get(id)];
    }
    const found = entities.get(id);
    if (!found) return [404, { message: 'Not found' }];
    if (req.method === 'DELETE') entities.delete(id);
    return req.method === 'DELETE' ? [204] : [200, found];
  }

  const server = createServer(async (req, res) => {
    const [status, body] = await answer(req);
    res.writeHead(status, { 'Content-Type': 'application/json' }).end(body && JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** All entities of a kind, by its name in URLs: `plugins`, `key-auth`. */
    all: (kind: string) => [...(kindOf(kind)?.values() ?? [])],
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
