/** What the runner needs of each of the things that are compared. */

export type SideName = 'ours' | 'naive' | 'floor' | 'one-hop' | 'limit-rows' | 'limit-sets';

export interface Side {
  /** Base URLs of what takes orders; for the limit, its databases. */
  targets: string[];
  /** What the gateway would add. */
  headers: Record<string, string>;
  /** Processes of the services, by their names. */
  services: Map<string, number>;
  databases: number[];
  broker?: number;
  /** Products with so many units each. */
  addProducts(skus: readonly string[], units: number): Promise<void>;
  countOrders(): Promise<number>;
  /** Resolves when nothing is left to be done in the background for the orders so far. */
  settle(): Promise<void>;
  /** What the servers say of themselves: one group of settings and versions per server. */
  describe(): Promise<Record<string, Record<string, string>>>;
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
  return [...side.services.values(), ...side.databases, ...(side.broker ? [side.broker] : [])];
}

/** A side without databases. */
export function withoutDatabases(): Pick<Side, 'databases' | 'addProducts' | 'countOrders' | 'settle' | 'describe'> {
  return {
    databases: [],
    addProducts: async () => {},
    countOrders: async () => 0,
    settle: async () => {},
    describe: async () => ({}),
  };
}
