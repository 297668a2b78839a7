import type { PlacedBy } from '../input/input.ts';
import type { Netns } from '../snapshot/snapshot.ts';

/** A device in a namespace. */
export interface LinkRef {
  readonly namespace: string;
  readonly name: string;
}

/** Two veth ends (or another point-to-point pair) that deliver to each other. */
export interface Wire {
  readonly ends: readonly [LinkRef, LinkRef];
  /** How it is known: the kernel's indexes, or only equal MAC/ARP/FDB observations. */
  readonly by: 'ifindex' | 'mac' | 'docker' | 'capture' | 'subnet';
}

/** A place where packets were captured. */
export interface CapturePoint {
  /** Index of its input file. */
  readonly input: number;
  readonly path: string;
  readonly namespace: string;
  /** `any` for a capture of all interfaces. */
  readonly interface: string;
  /** How the place was found. */
  readonly by: PlacedBy;
}

/** What the pcaps alone show of a capture point; the ground for inference where dumps are missing. */
export interface PointObservation {
  readonly point: CapturePoint;
  /** Station MACs seen as source, with the IPv4/IPv6 source addresses and ARP claims they used. */
  readonly stations: readonly {
    readonly mac: number;
    readonly addresses: readonly (number | bigint)[];
    readonly packets: number;
  }[];
}

/** Devices that share one link layer because their addresses or MACs say so: a cable, switch or host nobody dumped. */
export interface Segment {
  readonly members: readonly LinkRef[];
  readonly by: 'mac' | 'subnet';
}

export interface Topology {
  readonly namespaces: ReadonlyMap<string, Netns>;
  readonly wires: readonly Wire[];
  /** Three or more devices on one link layer; two make a wire. */
  readonly segments: readonly Segment[];
  readonly points: readonly CapturePoint[];
  /** Sentences that name what is missing: "host: no `ip rule`; the kernel's defaults are assumed". */
  readonly missing: readonly { readonly namespace: string; readonly dump: string; readonly text: string }[];
  /** The other end of a wire. */
  peerOf(link: LinkRef): LinkRef | undefined;
  /** Every device that a frame sent by this one arrives at: the wire's other end, or a segment's other members. */
  peersOf(link: LinkRef): readonly LinkRef[];
}
