import type { Link } from '../dump/records.ts';
import type { Ip } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import { netnsOf, type Scene } from './case.ts';

/** A device of a namespace. */
export interface Holder {
  readonly netns: Netns;
  readonly link: Link;
}

/** The bridge (or the very wire) that a device is on: devices with an equal key hear one another’s broadcasts. */
export function linkKeys(scene: Scene, { netns, link }: Holder): string[] {
  if (link.kind === 'bridge') return [`${netns.name} ${link.name}`];
  if (link.master !== undefined) return [`${netns.name} ${link.master}`];
  return scene.topology.peersOf({ namespace: netns.name, name: link.name }).flatMap((peer) => {
    const end = netnsOf(scene, peer.namespace)?.links?.find(({ name }) => name === peer.name);
    return end ? [`${peer.namespace} ${end.master ?? end.name}`] : [];
  });
}

/** Are the two on one bridge, as far as dumps show? */
export function shareBridge(scene: Scene, left: Holder, right: Holder): boolean {
  const keys = new Set(linkKeys(scene, left));
  return linkKeys(scene, right).some((key) => keys.has(key));
}

/** Devices with that link address; loopback and ports of bridges aside, which nobody speaks to. */
export function holdersOfMac(scene: Scene, mac: Mac): Holder[] {
  return [...scene.snapshot.namespaces.values()].flatMap((netns) =>
    (netns.links ?? [])
      .filter((link) => link.mac === mac && link.name !== 'lo' && link.master === undefined)
      .map((link) => ({ netns, link })),
  );
}

/** Devices with that address that are up. */
export function holdersOfAddress(scene: Scene, address: Ip): Holder[] {
  return [...scene.snapshot.namespaces.values()].flatMap((netns) =>
    (netns.links ?? [])
      .filter((link) => link.flags.includes('UP') && !link.inferred)
      .filter((link) => link.addresses.some((entry) => entry.address === address && entry.scope !== 'host'))
      .map((link) => ({ netns, link })),
  );
}
