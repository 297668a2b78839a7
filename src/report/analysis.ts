/** `nettrace analyze --format json`: schema nettrace-analysis/1. */
import type { FlowStatus } from '../correlate/status.ts';
import type { Change } from '../diagnose/change/change.ts';
import type { Finding } from '../diagnose/finding.ts';
import type { NearRule } from '../diagnose/near-rules.ts';
import type { WhatIf } from '../diagnose/what-if.ts';
import type { Hop, Verdict } from '../netstack/hop.ts';
import type { HostDescription, ObservedPlace, TunnelDescription } from '../topology/describe.ts';
import type { KernelPathReport } from './kernel-path.ts';

/** What happened to every flow, why, and what repairs it. */
export interface Analysis {
  schema: 'nettrace-analysis/1';
  inputs: AnalysisInput[];
  topology: AnalysisTopology;
  flows: AnalysisFlow[];
  /** Of a filter: `flows`, and the findings and changes, are those of the flows that it asks for. */
  filter?: FilterSummary;
  /** Most important first. */
  findings: Finding[];
  /** Of many flows: how many were counted and not looked at packet by packet. They come last in `flows`. */
  counted?: CountedSummary;
  /** Moments from which traffic behaves otherwise, in order of time; absent where there are none. */
  changes?: Change[];
  /** Where dumps are of several times: the states of the host that they show, in order. */
  states?: AnalysisState[];
  warnings: { path?: string; line?: number; packet?: number; text: string }[];
  /** What the commands of `--what-if` would change. */
  whatIf?: WhatIf;
}

/** Which flows were asked for. */
export interface FilterSummary {
  /** The filter as an expression. */
  expression: string;
  /** Flows that it asks for, of so many in all. */
  matched: number;
  flows: number;
  /** Beside those: flows for which there was no memory, so that nobody knows whether they are asked for. */
  forgotten?: number;
}

/** How the flows fare that were counted and not looked at packet by packet. */
export interface CountedSummary {
  flows: number;
  /** Of those: the ones of which only the number is known, for want of memory. */
  unlisted?: number;
  /** Answered to the end. */
  delivered: number;
  /** Failing, most of them like one that was looked at; and ended as they are meant to. */
  failing: number;
  meant: number;
  degraded: number;
  /** Too little is known of them to tell. */
  unknown: number;
}

/** One of several states of the host that the dumps show. */
export interface AnalysisState {
  /** Epoch seconds of its first and last dump, where they tell; those of iptables-save name no zone and are taken as UTC. */
  from?: number;
  to?: number;
  orderBy: 'time' | 'name' | 'modified';
  /** The dumps that other states have in another version. */
  dumps: string[];
  /** Of a session or script: the last command before it that changes something. */
  after?: { path: string; line: number; command: string };
}

/** A capture or a dump, as what it was recognised, and what was doubtful in it. */
export interface AnalysisInput {
  path: string;
  kind: string;
  namespace?: string;
  interface?: string;
  packets?: number;
  warnings: string[];
}

/** The namespaces, what connects them, where was captured, and what is missing. */
export interface AnalysisTopology {
  /** Where the inputs are of several machines. */
  hosts?: HostDescription[];
  namespaces: {
    name: string;
    container?: string;
    inferred: boolean;
    links: {
      name: string;
      index?: number;
      kind?: string;
      mac?: string;
      up?: boolean;
      /** No dump shows it: a bridge, Docker or a capture names it. */
      inferred?: boolean;
      master?: string;
      /** The device that it is on top of, and the number of its VLAN or tunnel. */
      lower?: { namespace: string; interface: string };
      id?: string;
      addresses: string[];
      /** `by`: how a pair of two machines is known. */
      peer?: { namespace: string; interface: string; by?: string };
    }[];
    routes: string[];
  }[];
  /** Devices on one link layer, where there are more than the two of a pair. */
  segments?: { members: { namespace: string; interface: string }[]; by: string }[];
  /** Tunnel devices that lead to each other. */
  tunnels?: TunnelDescription[];
  captures: { path: string; namespace: string; interface: string; by: string }[];
  /** What captures alone show of places that no dump describes. */
  observed?: ObservedPlace[];
  missing: { namespace: string; dump: string; text: string }[];
}

/** An end of a flow, and whose it is as far as that is known. */
export interface Endpoint {
  address: string;
  port?: number;
  namespace?: string;
  name?: string;
}

/** A conversation as all captures together saw it, joined across NAT. */
export interface AnalysisFlow {
  id: number;
  protocol: string;
  /** As the initiator addressed them, before any NAT. */
  client: Endpoint;
  server: Endpoint;
  /** Epoch seconds. */
  start: number;
  end: number;
  packets: { forward: number; reply: number };
  status: FlowStatus;
  /** `tunnel`: it was inside another packet there, `vxlan 42`. */
  sightings: {
    capture: string;
    packets: number;
    direction: 'forward' | 'reply';
    tunnel?: string;
    tuple: string;
  }[];
  /** It failed in a part of its time only, which `predicted` is the path of: until a moment, or from one on (epoch seconds). */
  failing?: { from?: number; until?: number; sightings: AnalysisFlow['sightings'] };
  predicted: Hop[];
  /** What the model lets become of it at the end of that path. */
  verdict?: Verdict;
  /** The model's path of the answer, where one was sent or would be. */
  predictedReply?: Hop[];
  /** The kernel's own path of the flow's packets, by netfilter traces, beside the model's. */
  kernel?: KernelPathReport[];
  divergence?: { namespace: string; after: string; text: string };
  /** Of the flows that findings are about, the first of each: what passed, and where it was seen. */
  timeline?: Timeline;
  /** Of those: rules before what stopped it that would have accepted it but for one condition, the most telling first. */
  nearRules?: NearRule[];
  /** Indexes into findings, the cause first. */
  findings: number[];
  /** Its packets were counted, and nothing else was done with them. */
  counted?: true;
  /** It fares like the flow of that id, which was looked at. */
  like?: number;
}

/** The packets of a flow over all capture points. */
export interface Timeline {
  /** In order of time. */
  packets: TimelinePacket[];
  /** Packets after those. */
  more?: number;
}

/** One packet, and all points that saw it. */
export interface TimelinePacket {
  direction: 'forward' | 'reply';
  /** An ICMP error that quotes a packet of the other direction. */
  error?: true;
  /** `SYN`, `120 bytes`, `echo request 3`. */
  text: string;
  /** In order of time. `time`: epoch seconds; `tunnel`: it was inside another packet there. */
  seen: {
    capture: string;
    path: string;
    packet: number;
    line?: number;
    time: number;
    tunnel?: string;
    tuple: string;
    ttl?: number;
  }[];
}
