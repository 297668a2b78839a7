/** What one injected packet leaves behind while it passes through the model: hops, steps, taps, ends of its copies. */
import type { Socket } from '../dump/records.ts';
import type { Ip } from '../net/ip.ts';
import type { NftRule } from '../nft/ruleset.ts';
import { headerOf } from '../skb/fields.ts';
import type { Skb } from '../skb/skb.ts';
import type { Topology } from '../topology/topology.ts';
import type { Hook, Rule } from '../xtables/rule.ts';
import type { DecidingStep, Hop, Step, Tap, Trace, Verdict } from './hop.ts';
import type { Net } from './net.ts';
import type { Nets } from './nets.ts';
import type { SeenFlows } from './seen-flows.ts';

/** One copy of the packet on its way through one namespace. */
export interface Copy {
  skb: Skb;
  net: Net;
  /** Index of its hop in the run. */
  hop: number;
  /** skb->dev */
  dev: string;
  /** struct nf_bridge_info: set while iptables sees a frame of a bridge. */
  bridge?: BridgeInfo | undefined;
  /** skb_dst: where the routing decision sends it. */
  dst?: Destination | undefined;
  /** One of several receivers of a flooded frame; being ignored there is no fault. */
  flooded: boolean;
  /** Destination NAT was applied in this namespace. */
  translated: boolean;
  /** skb->sk: the socket that TPROXY gave the packet to, or that early demultiplexing found. */
  socket?: NonNullable<Trace['socket']> | undefined;
  sk?: Socket;
}

export interface BridgeInfo {
  readonly bridge: string;
  readonly physin: string;
  physout?: string | undefined;
  /** Its destination was translated below the bridge, and a route found there. */
  rerouted?: boolean;
}

export interface Destination {
  readonly kind: 'local' | 'forward' | 'output';
  /** Outgoing device; `lo` for local delivery of locally sent packets. */
  readonly out: string;
  /** Address that the neighbour entry is looked up for. */
  readonly nexthop: Ip;
  readonly broadcast: boolean;
  readonly multicast: boolean;
  /** The host gets a copy of what it sends there. */
  readonly comesBack?: boolean;
  /** The route's own MTU, which counts in place of the device's. */
  readonly mtu?: number;
  readonly mtuLocked?: boolean;
  /** dst->tclassid */
  readonly realms?: number;
  /** IPSKB_DOREDIRECT: the sender could go to the next hop himself. */
  readonly redirects?: boolean;
}

export interface End {
  readonly of: EndOf;
  readonly hop: number;
  readonly namespace: string;
  readonly skb: Skb;
  /** A copy that nobody meant for this receiver. */
  readonly stray: boolean;
}

/** A packet the kernel sends in answer. */
export interface Answer {
  readonly namespace: string;
  readonly skb: Skb;
  /** A TEE copy is no answer: it is sent in any case. */
  readonly always: boolean;
  /** Next hop in place of the destination's own (TEE). */
  readonly gateway?: Ip;
  /** Interface it has to leave by: to a link-local address. */
  readonly out?: string;
  /** The packet that an error is about: its way through a route of several next hops is hashed in place of the error's. */
  readonly about?: Skb;
  /** It is received on this interface, as if it had come in by it (what a tunnel answers in its peer's name). */
  readonly receivedOn?: string;
  /** Sent straight out of this interface, past OUTPUT and POSTROUTING (a reset of a bridged packet). */
  readonly direct?: string;
}

/**
 * What captures or traces of the same packets tell about choices that the kernel makes by chance, or by what no dump shows.
 * A rule's outcome is undefined where nothing tells.
 */
export interface WorldEvidence {
  rule?(question: { readonly namespace: string; readonly rule: Rule }): boolean | undefined;
  nftRule?(question: {
    readonly namespace: string;
    readonly rule: NftRule;
    readonly skb: Skb;
  }): boolean | undefined;
  /** Ports (ICMP ids) that this packet's connection is seen with: what source NAT drew is the first that was free. */
  ports?(question: { readonly namespace: string; readonly skb: Skb }): readonly number[];
}

/** Told what passes where while the model runs, with the packet as it is at that moment; it changes nothing. */
export interface WorldObserver {
  /** A point where a capture would see it. The skb goes on being used: what is to be kept has to be copied. */
  tap?(tap: Tap, skb: Skb): void;
  /** Every chain of the hook let it pass; what follows there is at most the connection's confirmation. */
  passed?(namespace: string, hook: Hook, skb: Skb): void;
}

/** What all packets of a world share. */
export interface Kernel {
  readonly topology: Topology;
  readonly nets: Nets;
  readonly respond: boolean;
  readonly evidence?: WorldEvidence | undefined;
  readonly observer?: WorldObserver | undefined;
  readonly onlyDumpedSockets: boolean;
  readonly onlyDumpedStations: boolean;
  /** Headers seen so far: what answers may be recognised by. */
  readonly flows: SeenFlows;
}

export interface Run {
  readonly kernel: Kernel;
  /** The packet is sent through the kernel's own ICMP socket, which can't send another one meanwhile (icmp_xmit_lock()). */
  readonly icmpSocket: boolean;
  readonly hops: Hop[];
  readonly taps: Tap[];
  readonly ends: End[];
  readonly assumptions: Set<string>;
  /** A rule whose outcome is unknown could have changed what became of it. */
  undecided: boolean;
  /** Packets the kernel wants to send in answer, with the namespace they are sent from. */
  readonly answers: Answer[];
  /** Frames between devices: what veth's backlog holds. */
  readonly queue: (() => void)[];
}

export function createRun(kernel: Kernel, icmpSocket = false): Run {
  return {
    kernel,
    icmpSocket,
    hops: [],
    taps: [],
    ends: [],
    assumptions: new Set(),
    undecided: false,
    answers: [],
    queue: [],
  };
}

export function openHop(run: Run, hop: Omit<Hop, 'steps'>): number {
  const previous = run.hops.length - 1;
  const { from, ...rest } = hop;
  run.hops.push({ ...rest, ...(from === undefined || from === previous ? {} : { from }), steps: [] });
  return previous + 1;
}

export function hopOf(run: Run, copy: Copy): Hop {
  const hop = run.hops[copy.hop];
  if (!hop) throw new Error(`no hop ${copy.hop}`);
  return hop;
}

export function addStep(run: Run, copy: Copy, step: Step): void {
  hopOf(run, copy).steps.push(step);
}

export function addTap(
  run: Run,
  copy: Copy,
  at: { readonly interface: string; readonly direction: 'in' | 'out'; readonly promiscuous?: boolean },
): void {
  const { inner } = copy.skb;
  const tap: Tap = {
    namespace: copy.net.name,
    ...at,
    header: headerOf(copy.skb),
    hop: copy.hop,
    ...(inner && { inner: { header: headerOf(inner.skb), tunnel: inner.tunnel } }),
  };
  run.taps.push(tap);
  run.kernel.observer?.tap?.(tap, copy.skb);
}

/** Why a packet ended; texts of a drop go into its last step. */
export interface EndOf {
  /** Unknown: nobody can say what became of it from here on. */
  readonly verdict: Verdict;
  readonly text?: string;
  /** The outgoing device that drops it, behind its captures. */
  readonly device?: string;
  readonly cause?: string;
  readonly reason?: string;
  readonly sysctl?: string;
  readonly route?: string;
  readonly rule?: DecidingStep;
  readonly socket?: NonNullable<Trace['socket']>;
  readonly stray?: boolean;
}

/** Nobody can say what becomes of it from here on. */
export function giveUpCopy(run: Run, copy: Copy, text: string): void {
  addStep(run, copy, { kind: 'given-up', text });
  run.assumptions.add(`${copy.net.name}: ${text}`);
  run.undecided = true;
  endCopy(run, copy, { verdict: 'unknown' });
}

export function endCopy(run: Run, copy: Copy, end: EndOf): void {
  const { text, device } = end;
  if (end.cause !== undefined && text !== undefined) {
    addStep(run, copy, {
      kind: 'drop',
      cause: end.cause,
      text,
      ...(end.reason === undefined ? {} : { reason: end.reason }),
      ...(device === undefined ? {} : { device }),
    });
  }
  run.ends.push({
    of: end,
    hop: copy.hop,
    namespace: copy.net.name,
    skb: copy.skb,
    stray: end.stray ?? false,
  });
}
