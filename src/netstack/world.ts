/** All namespaces of a snapshot, wired as the topology says, and the packets that go through them. */
import type { IpSet } from '../ipset/record.ts';

import type { Mac } from '../net/mac.ts';
import { fieldsOf, headerOf } from '../skb/fields.ts';
import { cloneSkb } from '../skb/from-packet.ts';
import type { Skb } from '../skb/skb.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { LinkRef, Topology } from '../topology/topology.ts';
import type { Clock } from './clock.ts';
import { printConnection } from './conntrack/print.ts';
import { learnedStations } from './fdb.ts';
import type { Trace } from './hop.ts';
import type { Net } from './net.ts';
import { printCounters } from './netfilter/counters.ts';
import {
  type NftCount,
  type NftObjectCount,
  nftCounters,
  nftObjectCounters,
} from './netfilter/nft-counters.ts';
import { createNets } from './nets.ts';
import { type SendOptions, sendLocally } from './output.ts';
import { receiveFrame } from './receive.ts';
import {
  type Answer,
  createRun,
  type End,
  type Kernel,
  type Run,
  type WorldEvidence,
  type WorldObserver,
} from './run.ts';
import { SeenFlows } from './seen-flows.ts';
import { rememberFlow } from './sockets.ts';
import { transmitDirect } from './transmit.ts';

export interface WorldOptions {
  /** The kernel's own answers (echo replies, RST, ICMP errors) are sent and followed too. */
  readonly respond?: boolean;
  readonly evidence?: WorldEvidence;
  readonly observer?: WorldObserver;
  /**
   * Nothing but the dumped sockets takes packets. Otherwise a flow whose other direction was seen is taken to have its socket:
   * `ss -l` doesn't show connected ones.
   */
  readonly onlyDumpedSockets?: boolean;
  /** Bridges know no stations but those of the FDB dump and what packets before taught; otherwise ARP is taken to have taught them. */
  readonly onlyDumpedStations?: boolean;
  /** The dumped connections exist when the first packet comes, at this time (epoch seconds). */
  readonly conntrackAt?: number;
  /** The kernel's coarse clock, where its ticks are known: limits count them. */
  readonly clock?: Clock;
  /** Chains with so many rules or more are gone through by an index; Infinity: every rule is asked in turn, as the kernel does. Same results. */
  readonly indexFrom?: number;
}

export interface World {
  /** A packet arrives from the wire on that interface. */
  receive(link: LinkRef, skb: Skb): Trace;
  /** A process of that namespace sends it. A source of 0.0.0.0 or :: is chosen by the route. */
  sendLocal(namespace: string, skb: Skb, options?: SendOptions): Trace;
  /** `iptables-save -c` of what the packets so far counted; the dump's own counters don't enter. */
  counters(namespace: string, family?: 4 | 6): string;
  /** What the rules of nft chains counted so far, and the named counters: for holding against `nft list ruleset`. */
  nftCounters(namespace: string): NftCount[];
  nftObjectCounters(namespace: string): NftObjectCount[];
  /** `conntrack -L -o extended` of the namespace at that time (epoch seconds), without reference counts: a line each. */
  connections(namespace: string, now: number): string[];
  /** The IP sets as packets left them, at a time in epoch seconds. Those that were not dumped are not among them. */
  sets(namespace: string, now: number): IpSet[];
  /** What the bridges of a namespace have learned, and know at that time (epoch seconds). */
  stations(
    namespace: string,
    now: number,
  ): { readonly mac: Mac; readonly dev: string; readonly vlan?: number }[];
  /** The packet as it was at the trace's end; of one that was inside another there, the inner. */
  packetOf(trace: Trace): Skb | undefined;
}

/** Answers to answers: an error about an error is never sent, so this is never reached by a sane kernel. */
const MAX_ANSWERS = 8;
const MAX_EVENTS = 5000;

export function createWorld(snapshot: Snapshot, topology: Topology, options: WorldOptions = {}): World {
  const preload = options.conntrackAt === undefined ? undefined : { now: options.conntrackAt };
  const { clock, indexFrom } = options;
  const nets = createNets(snapshot, { preload, clock, indexFrom });
  const kernel: Kernel = {
    topology,
    nets,
    respond: options.respond ?? false,
    evidence: options.evidence,
    observer: options.observer,
    onlyDumpedSockets: options.onlyDumpedSockets ?? false,
    onlyDumpedStations: options.onlyDumpedStations ?? false,
    flows: new SeenFlows(),
  };

  const start = (begin: (run: Run) => void, depth: number, icmpSocket = false): Trace => {
    const run = createRun(kernel, icmpSocket);
    begin(run);
    for (let i = 0; i < MAX_EVENTS; i++) {
      const next = run.queue.shift();
      if (!next) break;
      next();
    }
    if (run.queue.length > 0) run.assumptions.add(`given up after ${MAX_EVENTS} frames`);
    const answers = depth < MAX_ANSWERS ? run.answers.filter(({ always }) => always || kernel.respond) : [];
    return conclude(
      run,
      answers.map((answer) => send(answer, depth + 1)),
    );
  };

  const send = (answer: Answer, depth: number): Trace =>
    start(
      (run) => {
        rememberFlow(kernel, fieldsOf(answer.skb));
        const net = nets.obtain(answer.namespace);
        if (answer.receivedOn !== undefined) {
          receiveFrame(run, net, answer.receivedOn, answer.skb, { flooded: false });
          return;
        }
        if (answer.direct !== undefined) {
          transmitDirect(run, net, answer.skb, answer.direct);
          return;
        }
        sendLocally(run, net, answer.skb, {
          ...(answer.gateway === undefined ? {} : { toward: answer.gateway }),
          ...(answer.out === undefined ? {} : { out: answer.out }),
          ...(answer.about ? { about: answer.about } : {}),
          // icmpv6_echo_reply(), tcp_v6_send_response(): the class is written into the packet once it has its route.
          ...(answer.skb.family === 6 ? { tos: 0 } : {}),
          byKernel: true,
        });
      },
      depth,
      isIcmpPacket(answer.skb),
    );

  return {
    receive: (link, skb) =>
      start((run) => {
        const copy = cloneSkb(skb);
        copy.conntrack = undefined;
        copy.local = false;
        rememberFlow(kernel, fieldsOf(copy));
        receiveFrame(run, nets.obtain(link.namespace), link.name, copy, { flooded: false });
      }, 0),
    sendLocal: (namespace, skb, sendOptions) =>
      start((run) => {
        const copy = cloneSkb(skb);
        copy.conntrack = undefined;
        rememberFlow(kernel, fieldsOf(copy));
        sendLocally(run, nets.obtain(namespace), copy, sendOptions);
      }, 0),
    counters: (namespace, family = 4) => {
      const net = nets.get(namespace);
      return net ? printCounters(net.tables[family]) : '';
    },
    nftCounters: (namespace) => {
      const net = nets.get(namespace);
      return net ? nftCounters(net.nft) : [];
    },
    nftObjectCounters: (namespace) => {
      const net = nets.get(namespace);
      return net ? nftObjectCounters(net.nft) : [];
    },
    connections: (namespace, now) => {
      const net = nets.get(namespace);
      if (!net) return [];
      const accounting = isAccounting(net);
      return net.conntrack.connections(now).map((each) => printConnection(each, { now, accounting }));
    },
    sets: (namespace, now) => nets.get(namespace)?.sets.records(now) ?? [],
    stations: (namespace, now) => {
      const net = nets.get(namespace);
      return net ? learnedStations(net, now) : [];
    },
    packetOf: (trace) => {
      const skb = PACKETS.get(trace);
      return skb?.inner?.skb ?? skb;
    },
  };
}

/** nf_conntrack_acct, which a rule with connbytes turns on as well. */
function isAccounting(net: Net): boolean {
  return net.sysctl('net.netfilter.nf_conntrack_acct')?.value === '1';
}

function isIcmpPacket({ family, protocol }: Skb): boolean {
  return protocol === (family === 4 ? 1 : 58);
}

const PACKETS = new WeakMap<Trace, Skb>();

const RANK: Readonly<Record<End['of']['verdict'], number>> = {
  delivered: 6,
  rejected: 5,
  forwarded: 4,
  bridged: 3,
  unknown: 2.5,
  dropped: 2,
  consumed: 1,
};

/** The copy that got furthest speaks for the packet; the others are copies. */
function conclude(run: Run, answers: Trace[]): Trace {
  const ends =
    run.ends.length > 1
      ? run.ends.toSorted(
          (a, b) => Number(a.stray) - Number(b.stray) || RANK[b.of.verdict] - RANK[a.of.verdict],
        )
      : run.ends;
  const [end] = ends;
  if (!end) throw new Error('a packet that never ended');
  if (run.hops.length > 1) markCopies(run, end.hop);
  const { verdict, cause, reason, sysctl, route, rule, socket } = end.of;
  const trace: { -readonly [K in keyof Trace]?: Trace[K] } = {
    hops: run.hops,
    taps: run.taps,
    verdict: run.undecided ? 'unknown' : verdict,
  };
  if (run.undecided && verdict !== 'unknown') trace.likely = verdict;
  if (cause !== undefined) trace.cause = cause;
  if (reason !== undefined) trace.reason = reason;
  trace.final = headerOf(end.skb);
  trace.namespace = end.namespace;
  if (sysctl !== undefined) trace.sysctl = sysctl;
  if (route !== undefined) trace.route = route;
  if (rule !== undefined) trace.rule = rule;
  if (socket !== undefined) trace.socket = socket;
  trace.assumptions = [...run.assumptions];
  trace.answers = answers;
  const made = trace as Trace;
  PACKETS.set(made, end.skb);
  return made;
}

/** Hops that don't lead to the one where the packet's way ended. */
function markCopies(run: Run, last: number): void {
  const main = new Set<number>();
  for (let at: number | undefined = last; at !== undefined && at >= 0; ) {
    main.add(at);
    at = run.hops[at]?.from ?? at - 1;
  }
  for (const [index, hop] of run.hops.entries()) if (!main.has(index)) hop.copy = true;
}
