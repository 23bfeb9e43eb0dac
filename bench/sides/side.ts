/** The interface of the compared implementations. */

export type SideName =
  | 'ours'
  | 'ours-2'
  | 'ours-4'
  | 'ours-8'
  | 'ours-full'
  | 'ours-shoppers'
  | 'naive'
  | 'naive-2'
  | 'floor'
  | 'one-hop'
  | 'limit-rows'
  | 'limit-sets';

/**
 * The targets of requests: base URLs that are used in turn (for the limit its databases), and the headers of each
 * request.
 */
export interface Entrance {
  targets: readonly string[];
  headers: Record<string, string>;
}

/**
 * `shop` calls order-service as the gateway does for a storefront, `backOffice` as it does for a back office; `stock`
 * calls inventory-service for a back office; `gateway` is the port of the gateway, for a storefront.
 */
export type EntranceName = 'shop' | 'backOffice' | 'stock' | 'gateway';

export interface ServiceProcess {
  pid: number;
  log: string;
}

export interface Side {
  entrances: { shop: Entrance } & Partial<Record<EntranceName, Entrance>>;
  /** The processes of the services, by name. */
  services: Map<string, ServiceProcess>;
  databases: number[];
  broker?: number;
  gateway?: number;
  /** Creates products with this many units each. */
  addProducts(skus: readonly string[], units: number): Promise<void>;
  countOrders(): Promise<number>;
  /** Resolves when the background work for all orders is finished. */
  waitUntilIdle(): Promise<void>;
  /** The settings and versions that the servers report, by server. */
  describe(): Promise<Record<string, Record<string, string>>>;
  outage?: Outage;
  /** The URLs of the databases for their owners. */
  owners?: { orders: string; inventory: string };
}

/** An outage of inventory-service. */
export interface Outage {
  begin(): Promise<void>;
  /** Resolves when the commands of the orders that were placed meanwhile are in their queue. */
  queued(): Promise<void>;
  /** Resolves when inventory-service answers again. */
  end(): Promise<void>;
  /** The number of pending orders. */
  countPending(): Promise<number>;
}

export interface Ground {
  /** The folder for data and logs of this side. */
  folder: string;
  /** Processes per service. */
  processes: number;
  interrupted: AbortSignal;
  /** Registers a function that stops what is started next; at the end all are called, the last first. */
  atEnd(end: () => Promise<void>): void;
}

/** All processes of a side. */
export function pidsOf(side: Side): number[] {
  const others = [side.broker, side.gateway].filter((pid) => pid !== undefined);
  return [...servicePids(side), ...side.databases, ...others];
}

/** The processes of the services. */
export function servicePids({ services }: Side): number[] {
  return [...services.values()].map(({ pid }) => pid);
}

/** The database members of a side without databases. */
export function withoutDatabases(): Pick<
  Side,
  'databases' | 'addProducts' | 'countOrders' | 'waitUntilIdle' | 'describe'
> {
  return {
    databases: [],
    addProducts: async () => {},
    countOrders: async () => 0,
    waitUntilIdle: async () => {},
    describe: async () => ({}),
  };
}
