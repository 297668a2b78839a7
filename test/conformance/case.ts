/** What one case of the conformance suite is made of. The kernel and the model get the same. */
import type { Mac } from '../../src/net/mac.ts';
import type { Skb } from '../../src/skb/skb.ts';

export type Backend = 'nft' | 'legacy';

/** `namespace:device` */
export type Place = `${string}:${string}`;

/**
 * Namespaces under test and how they are joined. Every far end is a bare socket on the other side of a veth: what it sends is
 * what the case sends, and it never answers by itself.
 */
export interface Network {
  /** Of each namespace under test, the commands that set it up, once its wires and far ends are there. */
  readonly namespaces: Readonly<Record<string, readonly string[]>>;
  /** Veth pairs between them. */
  readonly wires: readonly (readonly [Place, Place])[];
  readonly ends: Readonly<Record<string, FarEnd>>;
}

export interface FarEnd {
  /** The device that the far end is joined to. */
  readonly at: Place;
  readonly mac: Mac;
}

/** Rules of one namespace: iptables-save texts, a native nft ruleset, and the sets they use. */
export interface Rules {
  readonly ip4?: string;
  readonly ip6?: string;
  readonly nft?: string;
  /** `add rule …` a line, loaded after `nft` one by one; what the kernel refuses is left out. */
  readonly nftRules?: string;
  /** `ipset restore` */
  readonly ipset?: string;
}

/** A socket of a process: a TCP one listens, or is connected to its peer. */
export interface HeldSocket {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  readonly peer?: readonly [address: string, port: number];
  /** IP_TRANSPARENT */
  readonly transparent?: boolean;
  /** SO_MARK */
  readonly mark?: number;
  /** IPv6 ones take IPv4 as well when false. */
  readonly v6only?: boolean;
}

/** A packet to send. */
export interface Stimulus {
  /** A far end's name, or `local:NAMESPACE`: sent by a process there. */
  readonly on: string;
  /** Its bytes, MACs and VLANs count; the destination MAC is that of the device at the far end when absent. */
  readonly skb: Skb;
  /** Seconds to let pass before it. */
  readonly after?: number;
}

/** A frame that came out at a far end. */
export interface Frame {
  readonly end: string;
  /** With its Ethernet header. */
  readonly bytes: Uint8Array;
}

export interface Case {
  readonly name: string;
  readonly network: Network;
  readonly backend: Backend;
  readonly rules: Readonly<Record<string, Rules>>;
  /** Commands of a namespace that change something, after the network stands and before the rules are loaded. */
  readonly settings?: Readonly<Record<string, readonly string[]>>;
  /** By namespace: sockets that processes hold there. */
  readonly sockets?: Readonly<Record<string, readonly HeldSocket[]>>;
  readonly stimuli: readonly Stimulus[];
  /** More packets, made from what came out: the answers of whoever sits behind the far ends. */
  readonly answer?: (frames: readonly Frame[]) => readonly Stimulus[];
  /** What `iptables-save -c` printed at the end is kept as it is. */
  readonly keepSaves?: boolean;
}
