import type { Family, Ip } from '../net/ip.ts';
import type { Mac } from '../net/mac.ts';
import type { DnsMessage } from '../packet/dns.ts';
import type { Skb } from '../skb/skb.ts';
import type { AttemptRun } from './attempts.ts';

export type FlowDirection = 'forward' | 'reply';

/** One side of a conversation. The port is the echo id for ICMP queries, 0 where the protocol has none. */
export interface FlowEnd {
  readonly address: Ip;
  readonly port: number;
}

/** A packet as one capture point saw it: what diagnosis cites. */
export interface Sighting {
  /** Index into Correlation.points. */
  readonly point: number;
  /** From 1 in its file. */
  readonly number: number;
  /** Epoch seconds. */
  readonly time: number;
  readonly source: Ip;
  readonly destination: Ip;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Undefined: a text that doesn't tell it. */
  readonly ttl: number | undefined;
  /** Line of the text that shows it, from 1. */
  readonly line?: number | undefined;
  readonly id?: number | undefined;
  /** IP length in bytes. */
  readonly length: number;
  /** Bytes of upper-layer payload. */
  readonly payload: number;
  readonly tcpFlags?: number | undefined;
  readonly sequence?: number | undefined;
  readonly acknowledgement?: number | undefined;
  readonly icmpType?: number | undefined;
  readonly icmpCode?: number | undefined;
  readonly icmpSequence?: number | undefined;
  readonly etherSource?: Mac | undefined;
  readonly etherDestination?: Mac | undefined;
  /** Which way it crossed the interface, where the capture says so (SLL) or a MAC tells. */
  readonly crossing?: 'in' | 'out' | undefined;
  readonly interfaceIndex?: number | undefined;
  readonly fragmentOffset: number;
  readonly dns?: DnsMessage | undefined;
}

/** All packets of one direction of a leg. Counts are exact; of the packets themselves the first ones and the last are kept. */
export interface LegSide {
  packets: number;
  bytes: number;
  payload: number;
  /** Times that a packet came by again with a smaller TTL: it goes in circles. Not counted as packets. */
  laps: number;
  /** The last of those. */
  lap?: Sighting;
  readonly kept: Sighting[];
  last?: Sighting;
  syn?: Sighting;
  synAck?: Sighting;
  rst?: Sighting;
  /** The last packet of the other side before that RST. */
  provoked?: Sighting;
  fin?: Sighting;
  /** Data segments in a row that repeat one sequence number, up to the last one that was captured. */
  repeats: number;
  /** The first transmission of those. */
  repeated?: Sighting;
  /** The first packet, for the model. */
  skb?: Skb | undefined;
}

/** What one capture point saw of a flow under one pair of addresses and ports. */
export interface Leg {
  readonly point: number;
  /** The initiator's and the responder's end, as this point saw them. */
  readonly client: FlowEnd;
  readonly server: FlowEnd;
  readonly forward: LegSide;
  readonly reply: LegSide;
  /** Questions of the initiator and what became of them here, in order: echo requests, datagrams, SYNs. */
  readonly attempts?: readonly AttemptRun[];
}

/** An ICMP error that quotes a packet of the flow. */
export interface IcmpErrorSeen {
  readonly sighting: Sighting;
  readonly type: number;
  readonly code: number;
  /** Who says so. */
  readonly from: Ip;
  readonly quoted: FlowDirection;
}

export interface Flow {
  readonly id: number;
  readonly family: Family;
  readonly protocol: number;
  /** As the initiator addressed them, before any NAT. */
  readonly client: FlowEnd;
  readonly server: FlowEnd;
  readonly start: number;
  readonly end: number;
  /** In the order the forward packets pass them, as far as times and TTLs tell. */
  readonly legs: readonly Leg[];
  readonly errors: readonly IcmpErrorSeen[];
  /** Its packets carry others inside, which have flows of their own: `vxlan 42`. */
  readonly tunnel?: string;
  /** The beginning was seen (SYN, echo request), so the initiator is certain. */
  readonly begun: boolean;
}

/** A who-has and what came of it, at one point. */
export interface ArpExchange {
  readonly point: number;
  readonly target: Ip;
  readonly sender: Ip;
  /** 0 where the capture doesn't tell it. */
  readonly senderMac: Mac;
  readonly requests: Sighting[];
  /** MACs that claimed the target, with the packet that did. */
  readonly replies: { readonly mac: Mac; readonly sighting: Sighting }[];
  count: number;
}

export function emptySide(): LegSide {
  return { packets: 0, bytes: 0, payload: 0, laps: 0, repeats: 0, kept: [] };
}
