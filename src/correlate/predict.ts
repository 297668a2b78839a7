/**
 * The model's path of a flow's first packet, and of the answer to it, held against what the captures saw: the last point
 * where it was as predicted, and the first where it should have been and was not.
 */
import { once } from '../base/memo.ts';
import { VXLAN_PORTS } from '../header/vxlan.ts';
import { formatIp } from '../net/ip.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { Header, Tap, Trace, Verdict } from '../netstack/hop.ts';
import { isRedirect, replyOf } from '../netstack/probe.ts';
import { createWorld, type World } from '../netstack/world.ts';
import { buildSkb } from '../skb/build.ts';
import { fieldsOf } from '../skb/fields.ts';
import { tcpMss } from '../skb/rewrite.ts';
import type { Skb } from '../skb/skb.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Topology } from '../topology/topology.ts';
import { asCarrier } from './carrier.ts';
import type { Flow, FlowDirection, Leg, Sighting } from './flow.ts';
import { ownersOf } from './owner.ts';
import { type PacketOrigin, packetOrigin } from './packet-origin.ts';
import { type Point, wasCapturing } from './points.ts';

/** One predicted passing of an interface, and whether a capture there saw it. */
export interface TapCheck {
  readonly tap: Tap;
  /** Captures of that interface; none: nobody looked there. */
  readonly points: readonly Point[];
  readonly sighting?: Sighting;
  /** It was not seen though a capture was running there. */
  readonly missing: boolean;
}

export interface Prediction {
  readonly origin: PacketOrigin;
  readonly there: Trace;
  /** Path of the answer: of the one that was captured, else of one that the receiver would send. */
  readonly back?: Trace;
  readonly backSeen: boolean;
  /** Maximum segment size that the request, and the answer, tell at the end of their paths: bytes; of TCP SYNs only. */
  readonly mss: { readonly there?: number | undefined; readonly back?: number | undefined };
  readonly checks: readonly TapCheck[];
  readonly backChecks: readonly TapCheck[];
}

/** What the model says becomes of a packet: for sure, or if what it had to assume holds. */
export function fateOf(trace: Trace): Verdict {
  return trace.verdict === 'unknown' ? (trace.likely ?? 'unknown') : trace.verdict;
}

export interface Predictor {
  readonly snapshot: Snapshot;
  readonly topology: Topology;
  readonly points: readonly Point[];
}

export interface PredictOptions {
  readonly hypothetical?: boolean;
  readonly from?: string;
  /** The dumped connections are in the conntrack tables: the packet is one of theirs, not the first of a new one. */
  readonly remembered?: boolean;
}

/** Runs a flow through a fresh model, from where it began (or from `from`). Undefined when there is no namespace that the packet could begin in. */
export function predict(
  predictor: Predictor,
  flow: Flow,
  options: PredictOptions = {},
): Prediction | undefined {
  // A model of guesses proves nothing: where no namespace was dumped the captures speak for themselves.
  if (isGuesswork(predictor.snapshot)) return undefined;
  const begun = begin(predictor, flow, options);
  if (!begun) return undefined;
  const { origin, world } = begun;
  const there = flow.tunnel === undefined ? begun.there : asCarrier(begun.there);
  const answer = flow.tunnel === undefined ? begun.answer : undefined;
  const checks = check(predictor, flow, there, 'forward');
  const backChecks = answer ? check(predictor, flow, answer.trace, 'reply') : [];
  return {
    origin,
    there,
    ...(answer && { back: answer.trace }),
    backSeen: answer?.seen ?? false,
    mss: { there: mssOf(world, there), back: answer && mssOf(world, answer.trace) },
    checks,
    backChecks,
  };
}

function begin(predictor: Predictor, flow: Flow, options: PredictOptions) {
  const origin: PacketOrigin | undefined =
    options.from === undefined ? originOf(predictor, flow) : { kind: 'local', namespace: options.from };
  if (!origin) return undefined;
  const world = createWorld(predictor.snapshot, predictor.topology, {
    respond: true,
    ...(options.remembered && { conntrackAt: flow.start }),
  });
  const there = send(world, origin, asSent(firstPacket(flow, 'forward'), origin, flow, predictor));
  const answer = answerOf(predictor, flow, there, world, options.hypothetical ?? false);
  return { origin, world, there, answer };
}

/** The initiator's next packet after the first answer: of TCP, the one that acknowledges the SYN-ACK. */
export function predictLater(predictor: Predictor, flow: Flow): Trace | undefined {
  if (isGuesswork(predictor.snapshot)) return undefined;
  const begun = begin(predictor, flow, { hypothetical: true });
  const answer = begun?.answer?.trace;
  const fate = answer && fateOf(answer);
  if (!begun || !answer || (fate !== 'delivered' && fate !== 'forwarded')) return undefined;
  const next = replyOf(begun.world, answer);
  return next && send(begun.world, begun.origin, next);
}

/** A segment of that length (bytes of IP), not to be fragmented, once the connection stands. */
export function predictSegment(
  predictor: Predictor,
  flow: Flow,
  direction: FlowDirection,
  length: number,
): Trace | undefined {
  const begun = begin(predictor, flow, { hypothetical: true });
  const answer = begun?.answer?.trace;
  if (!begun || !answer) return undefined;
  const { world, origin, there } = begun;
  const next = replyOf(world, direction === 'forward' ? answer : there);
  if (!next) return undefined;
  const { source, destination, protocol, sourcePort, destinationPort } = fieldsOf(next);
  const headers = next.family === 4 ? 40 : 60;
  const segment = buildSkb({
    source,
    destination,
    protocol,
    sourcePort,
    destinationPort,
    tcpFlags: 0x18,
    payload: Math.max(0, length - headers),
    time: next.time,
    local: true,
  });
  if (direction === 'forward') return send(world, origin, segment);
  return fateOf(there) === 'delivered' ? world.sendLocal(there.namespace, segment) : undefined;
}

function mssOf(world: World, trace: Trace): number | undefined {
  const skb = world.packetOf(trace);
  return skb && tcpMss(skb);
}

const isGuesswork = once((snapshot: Snapshot): boolean =>
  [...snapshot.namespaces.values()].every((netns) => (netns.links ?? []).every((link) => link.inferred)),
);

function send(world: World, origin: PacketOrigin, skb: Skb): Trace {
  return origin.kind === 'local' ? world.sendLocal(origin.namespace, skb) : world.receive(origin.link, skb);
}

/** Where the flow's first packet comes from, as far as the model can send it again. Undefined: from nowhere that was dumped. */
export function originOf({ snapshot, topology, points }: Predictor, flow: Flow): PacketOrigin | undefined {
  const seenSent = flow.legs.filter((leg) => leg.forward.packets > 0);
  // Where it was inside another packet, it was not on its way by itself.
  const bare = seenSent.filter(({ point }) => points[point]?.within === undefined);
  const sent = bare.length > 0 ? bare : seenSent;
  // Of a machine that was captured on and not dumped nothing is known but what reaches one that was.
  const first = sent.find((leg) => isDumped(snapshot, points[leg.point])) ?? sent[0] ?? flow.legs[0];
  const point = first && points[first.point];
  const owner = ownersOf(snapshot, flow.client.address)[0];
  // A flow of which nothing was captured begins with whoever owns its source.
  if (!point || !first) return owner && { kind: 'local', namespace: owner.netns.name };
  const seen = first.forward.kept[0];
  const origin = packetOrigin(snapshot, topology, {
    link: { namespace: point.namespace, name: point.interface },
    source: flow.client.address,
    destination: flow.server.address,
    etherSource: seen?.etherSource,
    crossing: seen?.crossing,
  });
  const namespace = origin.kind === 'local' ? origin.namespace : origin.link.namespace;
  const links = snapshot.namespaces.get(namespace)?.links;
  if (origin.kind === 'local') return links && origin;
  return links?.some(({ name }) => name === origin.link.name) ? origin : undefined;
}

function isDumped(snapshot: Snapshot, point: Point | undefined): boolean {
  return snapshot.namespaces.get(point?.namespace ?? '')?.inferred === false;
}

/** The packet as it was where it begins: the addresses of a frame that was captured on another link say nothing there. */
function asSent(skb: Skb, origin: PacketOrigin, flow: Flow, { snapshot, points }: Predictor): Skb {
  if (origin.kind === 'local') return skb;
  const leg = flow.legs.find((candidate) => candidate.forward.packets > 0);
  const point = leg && points[leg.point];
  const { namespace, name } = origin.link;
  const links = snapshot.namespaces.get(namespace)?.links;
  const masterOf = (device: string | undefined) => links?.find((link) => link.name === device)?.master;
  const master = masterOf(name);
  // A bridge and its ports carry the same frame; `any` shows the one of the interface.
  const same =
    point?.namespace === namespace &&
    (['any', name, master].includes(point.interface) ||
      (master !== undefined && masterOf(point.interface) === master));
  if (!point || same) return skb;
  return { ...skb, etherSource: undefined, etherDestination: undefined, packetType: 'host' };
}

function firstPacket(flow: Flow, direction: FlowDirection): Skb {
  const leg = flow.legs.find((candidate) => candidate[direction].packets > 0);
  const captured = leg?.[direction].skb;
  return captured ? copyOf(captured) : syntheticPacket(flow);
}

/** The model rewrites what it is given. */
function copyOf(skb: Skb): Skb {
  return { ...skb, bytes: skb.bytes.slice() };
}

function syntheticPacket(flow: Flow): Skb {
  const icmp = flow.protocol === 1 || flow.protocol === 58;
  return buildSkb({
    source: flow.client.address,
    destination: flow.server.address,
    protocol: flow.protocol,
    ...(icmp
      ? { icmpType: flow.family === 4 ? 8 : 128, icmpCode: 0, icmpId: flow.client.port }
      : { sourcePort: flow.client.port, destinationPort: flow.server.port }),
    ...(flow.protocol === 6 && { tcpFlags: 2 }),
    time: flow.start,
  });
}

function answerOf(
  predictor: Predictor,
  flow: Flow,
  there: Trace,
  world: World,
  hypothetical: boolean,
): { trace: Trace; seen: boolean } | undefined {
  const stray = strayAnswer(predictor, flow);
  if (stray) return stray;
  const fate = fateOf(there);
  if (fate === 'delivered') {
    if (there.socket?.state === 'none' || there.socket?.state === 'wrong-address') return undefined;
    // The kernel's own answer (an echo reply) has been sent by the model already.
    const own = there.answers.find((each) => !isRedirect(each.final));
    if (own) return { trace: own, seen: false };
    const reply = replyOf(world, there);
    return reply && { trace: world.sendLocal(there.namespace, reply), seen: false };
  }
  if (fate !== 'forwarded') return undefined;
  const beyond = answeredBeyond(predictor, flow, world);
  if (beyond) return beyond;
  // It left for a place nobody dumped. An answer that was captured coming back can be followed home from there, also when it
  // comes in by another interface than the request left by.
  const exit = there.taps.findLast(({ inner }) => inner === undefined);
  if (!exit) return undefined;
  if (hypothetical) {
    const made = replyOf(world, there);
    return (
      made && { trace: world.receive({ namespace: exit.namespace, name: exit.interface }, made), seen: false }
    );
  }
  // The largest TTL is the one nearest to its sender: an answer that is sent on may pass the same interface again.
  const answered = flow.legs
    .filter((leg) => leg.reply.packets > 0 && leg.reply.skb)
    .toSorted((left, right) => (right.reply.kept[0]?.ttl ?? 0) - (left.reply.kept[0]?.ttl ?? 0));
  const leg =
    answered.find((candidate) => at(predictor.points[candidate.point], exit.namespace, exit.interface)) ??
    answered[0];
  const point = leg && predictor.points[leg.point];
  const atHome =
    point && ownersOf(predictor.snapshot, flow.client.address)[0]?.netns.name === point.namespace;
  if (!leg?.reply.skb || !point || (point.namespace !== exit.namespace && !atHome)) return undefined;
  if (atHome && point.namespace !== exit.namespace) {
    if (point.interface === 'any') return undefined;
    // Whatever lies between was passed: what is left is the client's own INPUT.
    const home = { namespace: point.namespace, name: point.interface };
    return { trace: world.receive(home, copyOf(leg.reply.skb)), seen: true };
  }
  const name = point.interface === 'any' ? exit.interface : point.interface;
  return { trace: world.receive({ namespace: exit.namespace, name }, copyOf(leg.reply.skb)), seen: true };
}

/**
 * SYN-ACKs of a connection whose SYN no capture has: it took another way, so nobody here has tracked it, and the answer comes in
 * as the first packet of its kind.
 */
function strayAnswer(
  { snapshot, topology, points }: Predictor,
  flow: Flow,
): { trace: Trace; seen: boolean } | undefined {
  if (flow.protocol !== PROTOCOL.tcp || flow.legs.some(({ forward }) => forward.packets > 0))
    return undefined;
  const [leg] = flow.legs
    .filter(({ reply }) => reply.synAck !== undefined && reply.skb)
    .toSorted((left, right) => (right.reply.synAck?.ttl ?? 0) - (left.reply.synAck?.ttl ?? 0));
  const point = leg && points[leg.point];
  const links = snapshot.namespaces.get(point?.namespace ?? '')?.links;
  if (!leg?.reply.skb || !point || !links?.some(({ name }) => name === point.interface)) return undefined;
  // Its sender, or its receiver, is no router on the way.
  const ends = [flow.client, flow.server].flatMap(({ address }) => ownersOf(snapshot, address));
  if (ends.some(({ netns }) => netns.name === point.namespace)) return undefined;
  const world = createWorld(snapshot, topology, { respond: true });
  return {
    trace: world.receive({ namespace: point.namespace, name: point.interface }, copyOf(leg.reply.skb)),
    seen: true,
  };
}

/**
 * It left for a place that nobody dumped and was captured where it was meant to go, in a namespace that was: if that one can't send
 * an answer, this is what its way back ends at.
 */
function answeredBeyond(
  { snapshot, points }: Predictor,
  flow: Flow,
  world: World,
): { trace: Trace; seen: boolean } | undefined {
  if (flow.legs.some(({ reply }) => reply.packets > 0)) return undefined;
  for (const { point: index, server, forward } of flow.legs) {
    const point = points[index];
    const home = ownersOf(snapshot, server.address)[0];
    if (!point || !forward.skb || home?.netns.name !== point.namespace) continue;
    if (!home.netns.links?.some(({ name }) => name === point.interface)) continue;
    const arrived = world.receive({ namespace: point.namespace, name: point.interface }, copyOf(forward.skb));
    if (arrived.namespace !== point.namespace || fateOf(arrived) !== 'delivered') continue;
    if (arrived.socket?.state === 'none' || arrived.socket?.state === 'wrong-address') continue;
    const own = arrived.answers.find((each) => !isRedirect(each.final));
    const reply = own ? undefined : replyOf(world, arrived);
    const trace = own ?? (reply && world.sendLocal(arrived.namespace, reply));
    if (trace && fateOf(trace) === 'dropped') return { trace, seen: false };
  }
  return undefined;
}

/** Does a capture point look at this interface? One of `any` looks at all of its namespace. */
function at(point: Point | undefined, namespace: string, name: string): boolean {
  return (
    point !== undefined &&
    point.namespace === namespace &&
    (point.interface === name || point.interface === 'any')
  );
}

/** What a capture of that interface holds of the tunnel's packets. */
function carries({ within, namespace, device }: Point, tap: Tap, tunnel: string): boolean {
  return within === tunnel && namespace === tap.namespace && (device === tap.interface || device === 'any');
}

function check({ points }: Predictor, flow: Flow, trace: Trace, direction: FlowDirection): TapCheck[] {
  const time = direction === 'forward' ? flow.start : flow.end;
  return trace.taps.map((tap) => {
    const { inner } = tap;
    const captures = points.filter((point) => at(point, tap.namespace, tap.interface));
    const inside = inner ? points.filter((point) => carries(point, tap, inner.tunnel)) : [];
    const here = [...inside, ...captures];
    const sighting = (inner ? inside : captures)
      .map((point) => sightingAt(flow, point, inner?.header ?? tap.header, direction))
      .find((found) => found !== undefined);
    // Of a tunnel that no capture knows for one, nothing tells that it held the packet.
    const protocol = inner ? PROTOCOL.udp : flow.protocol;
    const looked =
      captures.some((point) => wasCapturing(point, protocol, time) === 'yes') &&
      !tap.promiscuous &&
      (!inner || inside.length > 0 || VXLAN_PORTS.includes(tap.header.destinationPort ?? 0));
    return { tap, points: here, ...(sighting && { sighting }), missing: looked && !sighting };
  });
}

/** The flow's first packet at this point with the addresses that the model says it has there. */
function sightingAt(
  flow: Flow,
  point: Point,
  header: Header,
  direction: FlowDirection,
): Sighting | undefined {
  for (const leg of flow.legs) {
    if (leg.point !== point.index || leg[direction].packets === 0) continue;
    const [from, to] = direction === 'forward' ? [leg.client, leg.server] : [leg.server, leg.client];
    if (formatIp(from.address) !== header.source || formatIp(to.address) !== header.destination) continue;
    return leg[direction].kept[0];
  }
  return undefined;
}

/** Legs in which this direction was seen, in the order the packets pass them. */
export function legsSeen(flow: Flow, direction: FlowDirection): readonly Leg[] {
  return flow.legs.filter((leg) => leg[direction].packets > 0);
}
