/** What the runner needs of each of the things that are compared. */

export type SideName =
  | 'ours'
  | 'ours-2'
  | 'ours-4'
  | 'ours-8'
  | 'ours-full'
  | 'naive'
  | 'naive-2'
  | 'floor'
  | 'one-hop'
  | 'limit-rows'
  | 'limit-sets';

/** Where requests enter: base URLs that are used in turn, for the limit its databases, and what comes with each request. */
export interface Entrance {
  targets: readonly string[];
  headers: Record<string, string>;
}

/**
 * `shop` asks order-service as the gateway would for a storefront, `backOffice` as it would for a back office, `stock` asks
 * inventory-service for a back office; `gateway` is the gateway's own port, for a storefront.
 */
export type EntranceName = 'shop' | 'backOffice' | 'stock' | 'gateway';

export interface ServiceProcess {
  pid: number;
  log: string;
}

export interface Side {
  entrances: { shop: Entrance } & Partial<Record<EntranceName, Entrance>>;
  /** Processes of the services, by their names. */
  services: Map<string, ServiceProcess>;
  databases: number[];
  broker?: number;
  gateway?: number;
  /** Products with so many units each. */
  addProducts(skus: readonly string[], units: number): Promise<void>;
  countOrders(): Promise<number>;
  /** Resolves when nothing is left to be done in the background for the orders so far. */
  waitUntilIdle(): Promise<void>;
  /** What the servers say of themselves: one group of settings and versions per server. */
  describe(): Promise<Record<string, Record<string, string>>>;
  outage?: Outage;
  /** The databases, as the roles that own them. */
  owners?: { orders: string; inventory: string };
}

/** inventory-service goes away and comes back. */
export interface Outage {
  begin(): Promise<void>;
  /** Resolves when the commands of the orders placed meanwhile wait in their queue. */
  queued(): Promise<void>;
  /** Resolves when inventory-service answers again. */
  end(): Promise<void>;
  /** How many orders wait for their stock. */
  countPending(): Promise<number>;
}

export interface Ground {
  /** Where this side keeps its data and logs. */
  folder: string;
  /** Processes per service. */
  processes: number;
  interrupted: AbortSignal;
  /** Says how to end what is about to be started; all of it is called in the end, the last first. */
  atEnd(end: () => Promise<void>): void;
}

/** All processes of a side. */
export function pidsOf(side: Side): number[] {
  const others = [side.broker, side.gateway].filter((pid) => pid !== undefined);
  return [...servicePids(side), ...side.databases, ...others];
}

/** Those of the services. */
export function servicePids({ services }: Side): number[] {
  return [...services.values()].map(({ pid }) => pid);
}

/** A side without databases. */
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
