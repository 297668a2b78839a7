import type { Issue } from '../base/issue.ts';
import type { PlacedBy } from '../input/input.ts';
import type { Ip } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import type { PointInference } from './infer.ts';
import type { Tunnel } from './tunnels.ts';

/** A device in a namespace. */
export interface LinkRef {
  readonly namespace: string;
  readonly name: string;
}

/** Two veth ends (or another point-to-point pair) that deliver to each other. */
export interface Wire {
  readonly ends: readonly [LinkRef, LinkRef];
  /** How it is known: the kernel's indexes, or only equal MAC/ARP/FDB observations. */
  readonly by: 'ifindex' | 'mac' | 'docker' | 'capture' | 'subnet' | 'tunnel';
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

/** An address at a capture point: how often it was a source, and with which TTLs (or hop limits) its packets came. */
export interface ObservedAddress {
  readonly address: Ip;
  readonly packets: number;
  readonly ttls: ReadonlyMap<number, number>;
}

/** A link-layer address at a capture point, and what it did there. */
export interface Station {
  readonly mac: Mac;
  /** Frames from it and to it. */
  readonly sent: number;
  readonly received: number;
  /** Source addresses of the packets it sent: its own, and those it forwards for. */
  readonly sources: readonly ObservedAddress[];
  /** Destination addresses of the packets sent to it. */
  readonly destinations: readonly Ip[];
  /** IPv4 addresses it claimed in ARP (sender of requests and replies), IPv6 ones in neighbour advertisements. */
  readonly claims: readonly Ip[];
  /** Lists were cut: it had more addresses than are kept. */
  readonly cut: boolean;
}

/** What a capture alone shows of the place where it was taken; the ground for inference where dumps are missing. */
export interface PointObservation {
  /** Index of its input file. */
  readonly input: number;
  /** Interface named inside the file, when it has several or names one. */
  readonly interface?: string;
  readonly linkTypes: readonly number[];
  readonly packets: number;
  readonly stations: readonly Station[];
  /** Sources of captures without link-layer addresses (RAW, SLL without them). */
  readonly addresses: readonly ObservedAddress[];
}

/** Devices that share one link layer because their addresses or MACs say so: a cable, switch or host nobody dumped. */
export interface Segment {
  readonly members: readonly LinkRef[];
  readonly by: 'mac' | 'docker' | 'capture' | 'subnet';
}

export interface Topology {
  readonly namespaces: ReadonlyMap<string, Netns>;
  readonly wires: readonly Wire[];
  /** Three or more devices on one link layer; two make a wire. */
  readonly segments: readonly Segment[];
  /** Tunnel devices of other namespaces that lead to each other. */
  readonly tunnels?: readonly Tunnel[];
  readonly points: readonly CapturePoint[];
  /** Sentences that name what is missing: "host: no `ip rule`; the kernel's defaults are assumed". */
  readonly missing: readonly { readonly namespace: string; readonly dump: string; readonly text: string }[];
  /** What the captures show by themselves, for each point whose packets have been looked at. */
  readonly inferences?: readonly PointInference[];
  /** Captures placed where no dump has an interface, pairs that could not be told apart. */
  readonly issues?: readonly Issue[];
  /** The other end of a wire. */
  peerOf(link: LinkRef): LinkRef | undefined;
  /** Every device that a frame sent by this one arrives at: the wire's other end, or a segment's other members. */
  peersOf(link: LinkRef): readonly LinkRef[];
}
