/** What happened to the packets of a case, told the same way by the kernel and by the model. Plain data: it is recorded too. */

export interface Observation {
  readonly packets: readonly PacketObservation[];
  /** By namespace: `4 filter FORWARD 3` or `4 filter FORWARD policy` → `packets:bytes`. */
  readonly counters: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By namespace: the connections at the end, a line each, sorted. */
  readonly connections: Readonly<Record<string, readonly string[]>>;
  /** By namespace, where the case has any: the IP sets at the end, as `ipset save` prints them, sorted. */
  readonly sets?: Readonly<Record<string, readonly string[]>>;
}

export interface PacketObservation {
  /** The packet itself first, then what the kernels sent in answer to it, by name. */
  readonly ways: readonly Way[];
  readonly out: readonly OutFrame[];
}

/** One packet's way through the hooks. Copies of it, and what it looked like after NAT, are the same packet. */
export interface Way {
  /** `packet`, or the answer's signature (`icmp 3/3`). */
  readonly of: string;
  /** `host filter:FORWARD:3`, `host nat:POSTROUTING:policy`, `host inet/mine:input:2`: in the order taken. */
  readonly path: readonly string[];
  /** `host NEW original`: what conntrack said wherever it was asked. */
  readonly tracked: readonly string[];
  /** `host INPUT: 10.0.0.2:…`: the packet at the end of INPUT (it is delivered) and of POSTROUTING (it leaves). */
  readonly passed: readonly string[];
}

/** A frame at a far end. */
export interface OutFrame {
  readonly end: string;
  /** `02:…:01>02:…:02 vlan 5` */
  readonly ether: string;
  /** Hexadecimal, from the IP header on. */
  readonly bytes: string;
}

/** The fields that are compared. */
export const FIELDS = [
  'path',
  'conntrack',
  'verdict',
  'egress',
  'header',
  'counters',
  'connections',
  'sets',
] as const;
export type Field = (typeof FIELDS)[number];

/** A place where the model is not what the kernel was. */
export interface Disagreement {
  readonly field: Field;
  /** Index of the stimulus; absent for what is compared at the end. */
  readonly packet?: number;
  readonly kernel: string;
  readonly model: string;
}
