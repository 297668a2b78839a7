/**
 * What there is to draw of a topology, without places and sizes: the printers for SVG, Mermaid and DOT begin here. All texts have been
 * through `printable`; ids are made here of letters and digits, so that they need no quoting anywhere.
 */

export interface Drawing {
  readonly title: string;
  /** In a sentence or two: what somebody is told who can't see it. */
  readonly summary: string;
  /** None where there is one machine. */
  readonly machines: readonly DrawnMachine[];
  readonly namespaces: readonly DrawnNamespace[];
  readonly networks: readonly DrawnNetwork[];
  readonly links: readonly DrawnLink[];
  /** What was left out or drawn as one. */
  readonly notes: readonly string[];
}

export interface DrawnMachine {
  readonly id: string;
  readonly name: string;
}

/** `name` and `title` begin their box; `mark` says what happened there. */
export interface DrawnLine {
  readonly role: 'title' | 'name' | 'note' | 'address' | 'capture' | 'mark';
  readonly text: string;
}

export interface Look {
  /** No dump describes it. */
  readonly inferred?: boolean;
  readonly down?: boolean;
  readonly marked?: boolean;
  /** A path goes through it. */
  readonly passed?: boolean;
}

interface Drawn {
  readonly id: string;
  readonly lines: readonly DrawnLine[];
  readonly look: Look;
  /** Everything there is to say of it, a line each. */
  readonly tip: readonly string[];
  /** How many alike this one stands for. */
  readonly count: number;
}

export interface DrawnNamespace extends Drawn {
  readonly name: string;
  readonly machine?: string;
  readonly root: boolean;
  readonly devices: readonly DrawnDevice[];
}

export interface DrawnDevice extends Drawn {
  readonly name: string;
  /** `bridge`, `veth` …, and the number of a VLAN or tunnel. */
  readonly kind: string;
  /** Of a bridge or bond, in its box. */
  readonly ports: readonly DrawnPort[];
  /** A place in the kernel where something happened, no device. */
  readonly hook?: true;
}

export interface DrawnPort extends Drawn {
  readonly name: string;
  readonly kind: string;
  /** 0: of the device whose box it is in; 1: of a port of that (a bond in a bridge). */
  readonly depth: number;
}

/** What several devices are on, or lead to. */
export interface DrawnNetwork extends Drawn {
  readonly kind: 'beyond' | 'segment' | 'tunnel';
  /** The machine that it belongs to, when to one. */
  readonly machine?: string;
}

export interface DrawnLink {
  readonly id: string;
  /** Ids of devices, ports or networks; what is further outside is first. */
  readonly from: string;
  readonly to: string;
  /** `stacked`: a device on top of another; `inside`: the way of a packet within a namespace. */
  readonly kind: 'veth' | 'beyond' | 'segment' | 'tunnel' | 'stacked' | 'inside';
  readonly down?: boolean;
  readonly tip: string;
  readonly count: number;
  /** Paths that go over it; `forward`: in the order of its ends. */
  readonly passes: readonly { readonly path: number; readonly forward: boolean; readonly tone: PathTone }[];
}

export type PathTone = 'there' | 'back';

/** A device, by the names that the topology has. */
export interface DrawnPlace {
  readonly namespace: string;
  readonly device: string;
}

/** Something that happened at a device, or at a hook of a namespace: a packet's death. */
export interface DrawingMark {
  readonly namespace: string;
  readonly device?: string;
  /** FORWARD, INPUT …: drawn as a place of its own, at which the paths into its namespace end. */
  readonly hook?: string;
  /** A few words. */
  readonly label: string;
}

/** The way of a packet, drawn over the links. */
export interface DrawingPath {
  /** In order; two of one namespace are joined inside of it. */
  readonly places: readonly DrawnPlace[];
  /** It came from, or went on to, the network beyond the first or last place. */
  readonly enters?: boolean;
  readonly leaves?: boolean;
  /** Default: there. */
  readonly tone?: PathTone;
}

export interface DrawingOptions {
  readonly title?: string;
  readonly marks?: readonly DrawingMark[];
  readonly paths?: readonly DrawingPath[];
  /** Namespaces beyond which those that are alike are drawn as one. Default: 80. */
  readonly most?: number;
}
