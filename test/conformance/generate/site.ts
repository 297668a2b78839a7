/** A network with what a generator of rules and packets wants to know of it. */
import type { Family } from '../../../src/net/ip.ts';
import type { Mac } from '../../../src/net/mac.ts';
import type { Network } from '../case.ts';

/** A host behind a far end, in both families. */
export interface FarHost {
  readonly end: string;
  readonly mac: Mac;
  readonly address: Readonly<Record<Family, string>>;
  /** The bridge that the far end is a port of, as `namespace:device`: hosts of one bridge reach each other directly. */
  readonly bridge?: string;
}

export interface SiteNamespace {
  readonly name: string;
  /** Where packets come from and go to at the IP layer. */
  readonly interfaces: readonly string[];
  readonly ports: readonly string[];
  readonly addresses: Readonly<Record<Family, readonly string[]>>;
}

export interface Site {
  readonly network: Network;
  readonly namespaces: readonly SiteNamespace[];
  readonly hosts: readonly FarHost[];
  /** Prefixes that rules may name. */
  readonly networks: Readonly<Record<Family, readonly string[]>>;
  /** Addresses that are nobody's: beyond the default route, or on a subnet without a host. */
  readonly strangers: Readonly<Record<Family, readonly string[]>>;
  /** Broadcast addresses of the subnets. */
  readonly broadcasts: readonly string[];
}

/** Everybody's address. */
export function addressesOf(site: Site, family: Family): string[] {
  return [
    ...site.hosts.map(({ address }) => address[family]),
    ...site.namespaces.flatMap(({ addresses }) => addresses[family]),
    ...site.strangers[family],
  ];
}

/** Words that the rules of one namespace are made of. */
export interface Vocabulary {
  readonly addresses: Readonly<Record<Family, readonly string[]>>;
  readonly networks: Readonly<Record<Family, readonly string[]>>;
  readonly interfaces: readonly string[];
  readonly ports: readonly string[];
}

export function vocabularyOf(site: Site, namespace: SiteNamespace): Vocabulary {
  return {
    addresses: { 4: addressesOf(site, 4), 6: addressesOf(site, 6) },
    networks: {
      4: [...site.networks[4], ...addressesOf(site, 4).slice(0, 4)],
      6: [...site.networks[6], ...addressesOf(site, 6).slice(0, 4)],
    },
    interfaces: namespace.interfaces,
    ports: namespace.ports,
  };
}
