import type { Link } from '../dump/records.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import type { LinkRef } from './topology.ts';

/** A device with the namespace it is in, while the wires are being looked for. */
export interface Device {
  readonly netns: Netns;
  readonly link: Link;
  readonly ref: LinkRef;
  readonly key: string;
}

/** `\0` is in no name. */
export function keyOf(ref: LinkRef): string {
  return `${ref.namespace}\0${ref.name}`;
}

export function devicesOf(namespaces: Iterable<Netns>): Device[] {
  return [...namespaces].flatMap((netns) =>
    (netns.links ?? []).map((link) => {
      const ref = { namespace: netns.name, name: link.name };
      return { netns, link, ref, key: keyOf(ref) };
    }),
  );
}

export function formatLink(ref: LinkRef): string {
  return `${ref.namespace}:${ref.name}`;
}
