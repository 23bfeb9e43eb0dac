/**
 * The addresses of a service. A URL with a host name stands for all addresses of the name. It is resolved periodically,
 * because recreated containers have other addresses.
 */

import { lookup as lookupInDns } from 'node:dns/promises';
import { isIP } from 'node:net';

export interface TargetAddressesOptions<Target> {
  /** Those with an IP address have a target at once, those with a host name after the first DNS response. */
  urls: readonly string[];
  lookup?: (hostname: string) => Promise<string[]>;
  /** Called for a new address. */
  add: (url: URL, address: string) => Target;
  /** Called when the address no longer belongs to the name. */
  remove: (target: Target) => void;
  /** Called when resolution fails; the previous addresses stay in use. */
  onUnresolved: (hostname: string, error: unknown) => void;
}

export interface TargetAddresses<Target> {
  /** The targets of all current addresses. A change replaces the list, so calls need no copy. */
  targets(): readonly Target[];
  /** Resolve now, in addition to every two seconds. */
  resolve(): Promise<void>;
  /** Stop resolving and remove all targets. */
  stop(): void;
}

// Cheap, because Docker's DNS responds from memory. Until a new address is known, the others are used.
const DNS_PAUSE_MS = 2_000;

/** Maintain a target for each address of these URLs. */
export function followAddresses<Target>(options: TargetAddressesOptions<Target>): TargetAddresses<Target> {
  const { lookup = lookupAll, add, remove } = options;
  const urls = options.urls.map((url) => new URL(url));
  const names = urls.filter((url) => !isAddress(url));
  const byAddress = new Map<string, Target>();
  let targets: readonly Target[] = [];
  let resolving: Promise<void> | undefined;

  for (const url of urls.filter(isAddress)) know(url, unbracketed(url.hostname));
  const timer = names.length > 0 ? setInterval(resolve, DNS_PAUSE_MS).unref() : undefined;
  void resolve();

  function resolve(): Promise<void> {
    resolving ??= Promise.all(names.map(resolveName))
      .then(() => {})
      .finally(() => {
        resolving = undefined;
      });
    return resolving;
  }

  async function resolveName(url: URL): Promise<void> {
    try {
      const addresses = await lookup(url.hostname);
      for (const address of addresses) know(url, address);
      const wanted = new Set(addresses.map((address) => keyOf(url, address)));
      for (const [key, target] of byAddress) {
        if (!key.startsWith(`${url.origin} `) || wanted.has(key)) continue;
        byAddress.delete(key);
        remove(target);
      }
      targets = [...byAddress.values()];
    } catch (error) {
      options.onUnresolved(url.hostname, error);
    }
  }

  function know(url: URL, address: string): void {
    const key = keyOf(url, address);
    if (byAddress.has(key)) return;
    byAddress.set(key, add(url, address));
    targets = [...byAddress.values()];
  }

  return {
    targets: () => targets,
    resolve,
    stop() {
      clearInterval(timer);
      byAddress.clear();
      targets = [];
    },
  };
}

function keyOf(url: URL, address: string): string {
  return `${url.origin} ${address}`;
}

function isAddress({ hostname }: URL): boolean {
  return isIP(unbracketed(hostname)) !== 0;
}

function unbracketed(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** A process that is reachable by IPv4 and IPv6 is one target. */
async function lookupAll(hostname: string): Promise<string[]> {
  const found = await lookupInDns(hostname, { all: true, order: 'ipv4first' });
  return found.filter(({ family }) => family === found[0]?.family).map(({ address }) => address);
}
