/**
 * Flows that fail as somebody means them to: a stranger's scan that a firewall turns away, the probes of traceroute. What
 * stops them is told, and is no fault.
 */

import { once } from '../base/memo.ts';
import type { Flow, FlowEnd, Sighting } from '../correlate/flow.ts';
import { ownersOf } from '../correlate/owner.ts';
import type { Point } from '../correlate/points.ts';
import type { Correlation } from '../correlate/scan.ts';
import { formatIp, type Ip } from '../net/ip.ts';
import { ipKey } from '../net/ip-key.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Case } from './case.ts';
import type { Found } from './cause.ts';
import type { Diagnosed } from './flow-case.ts';

export type Purpose = 'scan' | 'traceroute';

/** What the sender was after, where its failing is no fault. */
export function purposeOf(kase: Case): Purpose | undefined {
  if (kase.hypothetical) return undefined;
  if (isTraced(kase.correlation, kase.flow)) return 'traceroute';
  return isScan(kase) ? 'scan' : undefined;
}

/** The same explanation, as a remark: nothing has to be repaired. */
export function asMeant(kase: Case, diagnosed: Diagnosed): Diagnosed {
  const { found } = diagnosed;
  if ((found.severity ?? diagnosed.cause.severity) === 'info') return diagnosed;
  const purpose = purposeOf(kase);
  if (!purpose) return diagnosed;
  const meant: Found = {
    ...found,
    severity: 'info',
    title: purpose === 'scan' ? `a scan, turned away: ${found.title}` : `traceroute: ${found.title}`,
    explanation: `${WORDS[purpose]} ${found.explanation}`,
    // One remark for all of a kind, in place of one for each port that was tried.
    group: `${purpose} ${found.rule ? '' : (found.namespace ?? '')}`,
    fix: [],
    effect: EFFECT[purpose],
  };
  return { cause: diagnosed.cause, found: meant };
}

const WORDS: Readonly<Record<Purpose, string>> = {
  scan: 'Somebody from outside tries what is open: single packets that were never repeated, to ports and hosts one after the other. Every address on the internet is asked so all day, and being turned away is what such packets are for.',
  traceroute:
    'This is traceroute at work: probes with a small TTL, one larger than the other, each of which is meant to be answered by an error.',
};

const EFFECT: Readonly<Record<Purpose, string>> = {
  scan: 'Nothing to repair. If one of them was a client of yours after all, accept it by address and port.',
  traceroute: 'Nothing to repair: the errors are what traceroute lists.',
};

/** Larger ones aren't chosen by a sender but left of 64, 128 or 255. */
const SMALL_TTL = 32;
/** Probes with so many different TTLs, from one sender to one receiver. */
const TTLS = 3;
/** traceroute(8): the first UDP port, and how many after it. */
const TRACED_PORTS = { first: 33_434, last: 33_534 };

function firstTtl(flow: Flow): number | undefined {
  const leg = flow.legs.find(({ forward }) => forward.packets > 0);
  return leg?.forward.kept[0]?.ttl;
}

/** What tcpdump printed without `-v` shows no TTL: then the port has to do. */
function isTraced(correlation: Correlation, flow: Flow): boolean {
  const ttl = firstTtl(flow);
  // A router with one interface brings each packet by a second time; only a loop does more.
  const loops = flow.legs.some(({ forward }) => forward.laps > forward.packets);
  if (loops || (ttl !== undefined && ttl > SMALL_TTL)) return false;
  const { port } = flow.server;
  if (flow.protocol === PROTOCOL.udp && port >= TRACED_PORTS.first && port <= TRACED_PORTS.last) return true;
  return ttl !== undefined && (tracedPairs(correlation).get(pairOf(flow))?.size ?? 0) >= TTLS;
}

/** Sender, receiver and protocol, with the small TTLs that the sender's packets had at the point nearest to it. */
const tracedPairs = once((correlation: Correlation): ReadonlyMap<string, ReadonlySet<number>> => {
  const pairs = new Map<string, Set<number>>();
  for (const flow of correlation.flows) {
    const leg = flow.legs.find(({ forward }) => forward.packets > 0);
    for (const { ttl } of leg?.forward.kept ?? []) {
      if (ttl === undefined || ttl > SMALL_TTL) continue;
      const key = pairOf(flow);
      const known = pairs.get(key);
      if (known) known.add(ttl);
      else pairs.set(key, new Set([ttl]));
    }
  }
  return pairs;
});

function pairOf({ protocol, client, server }: Flow): string {
  return `${protocol} ${client.address} ${server.address}`;
}

/** So many different targets make a scanner. */
const TARGETS = 4;
/** A kernel that gets no answer to its SYN sends it again after one second, and after three: tcp_syn_retries, tcp(7). */
const PATIENCE = 3.2;
/** IP length of a SYN with one option at most. */
const BARE_SYN = 44;
/** A datagram, and one more for luck. */
const DATAGRAMS = 2;

function isScan(kase: Case): boolean {
  const { flow, snapshot, correlation } = kase;
  if (!flow.begun && flow.protocol === PROTOCOL.tcp) return false;
  if (ownersOf(snapshot, flow.client.address).length > 0 || insists(correlation, flow)) return false;
  return isBareSyn(flow) || isScanner(correlation, flow.client.address) || isUnserved(kase);
}

function firstForward(flow: Flow): Sighting | undefined {
  return flow.legs.find(({ forward }) => forward.packets > 0)?.forward.kept[0];
}

/** No operating system's: those have window scale, timestamps and SACK. */
function isBareSyn(flow: Flow): boolean {
  const first = firstForward(flow);
  return flow.protocol === PROTOCOL.tcp && first !== undefined && first.length <= BARE_SYN;
}

/** It was sent again, as somebody does who wants an answer; or the capture ended too early to see that. */
function insists({ points }: Correlation, flow: Flow): boolean {
  const leg = flow.legs.find(({ forward }) => forward.packets > 0);
  if (!leg) return true;
  if (flow.protocol !== PROTOCOL.tcp) return leg.forward.packets > DATAGRAMS;
  if (leg.forward.kept.filter(isSyn).length > 1) return true;
  const answered = leg.reply.packets > 0 || flow.errors.length > 0;
  return !answered && !isBareSyn(flow) && !wasPatient(points[leg.point], flow.start);
}

const SYN = 2;
const isSyn = ({ tcpFlags }: Sighting) => ((tcpFlags ?? 0) & SYN) !== 0;

function wasPatient(point: Point | undefined, start: number): boolean {
  return point?.last !== undefined && point.last - start > PATIENCE;
}

/** One source that tries several hosts or ports, insists nowhere, and exchanges data with nobody. */
function isScanner(correlation: Correlation, address: Ip): boolean {
  return scanners(correlation).has(ipKey(address));
}

const scanners = once((correlation: Correlation): ReadonlySet<Ip> => {
  const targets = new Map<Ip, Set<string>>();
  const clients = new Set<Ip>();
  const end = (flow: Flow, { address, port }: FlowEnd) =>
    `${flow.protocol} ${formatIp(address)} ${flow.protocol === PROTOCOL.icmp ? '' : port}`;
  for (const flow of correlation.flows) {
    const address = ipKey(flow.client.address);
    const answered = flow.legs.some(({ reply, forward }) => reply.payload > 0 && forward.payload > 0);
    const echo = flow.protocol === PROTOCOL.icmp || flow.protocol === PROTOCOL['ipv6-icmp'];
    if ((answered && !echo) || insists(correlation, flow)) clients.add(address);
    const known = targets.get(address);
    if (known) known.add(end(flow, flow.server));
    else targets.set(address, new Set([end(flow, flow.server)]));
  }
  return new Set(
    [...targets]
      .filter(([address, tried]) => tried.size >= TARGETS && !clients.has(address))
      .map(([ip]) => ip),
  );
});

/** It is dropped in silence, for the host itself, whose sockets were dumped, and none of them has that port: nobody misses it. */
function isUnserved({ flow, outcome, prediction, snapshot }: Case): boolean {
  const there = prediction?.there;
  const protocol =
    flow.protocol === PROTOCOL.tcp ? 'tcp' : flow.protocol === PROTOCOL.udp ? 'udp' : undefined;
  if (!there || protocol === undefined || outcome.status === 'rejected') return false;
  const owner = ownersOf(snapshot, flow.server.address)[0];
  const sockets = owner?.netns.sockets;
  if (!sockets || owner.netns.name !== there.namespace) return false;
  const translated = there.hops.some(({ steps }) => steps.some(({ kind }) => kind === 'nat'));
  return (
    !translated && !sockets.some((socket) => socket.protocol === protocol && socket.port === flow.server.port)
  );
}
