/** ip_local_out(), ip_output() and ip_finish_output2(), net/ipv4/ip_output.c; ip6_output.c. */
import { isIcmpQuery } from '../header/icmp.ts';
import { formatIp, type Ip } from '../net/ip.ts';
import { contains, networkOf } from '../net/prefix.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { fieldsOf } from '../skb/fields.ts';
import { cloneSkb } from '../skb/from-packet.ts';
import { setSource } from '../skb/rewrite.ts';
import type { Skb } from '../skb/skb.ts';
import { NO_HOST, queueIcmp } from './answer.ts';
import { fragmentsOf } from './defrag.ts';
import type { Device } from './devices.ts';
import type { FlowKey } from './fib.ts';
import { receiveIp } from './input.ts';
import { mtuToward } from './mtu.ts';
import { groupMac, resolveNeighbour } from './neighbour.ts';
import { deviceOf, isLocalAddress, type Net } from './net.ts';
import { runHook } from './netfilter/hook.ts';
import { flowOf } from './route.ts';
import { type RoutedOutput, routeOutput } from './route-output.ts';
import { addStep, type Copy, endCopy, hopOf, openHop, type Run } from './run.ts';
import { heldRoute, transmit } from './transmit.ts';

export interface SendOptions {
  /** Bound to that interface (SO_BINDTODEVICE). */
  readonly out?: string;
  /** Next hop in place of the destination's (TEE). */
  readonly toward?: Ip;
  /** No process but the kernel itself sends it: with uid 0. */
  readonly byKernel?: boolean;
  /** Index of the hop that it comes from: a tunnel's packet from that of the packet inside. */
  readonly from?: number;
  /** The packet inside is one of several copies. */
  readonly flooded?: boolean;
  /** What an ICMP error is about, for the hash over next hops. */
  readonly about?: Skb;
  /** What the route is asked for in place of the packet's own. */
  readonly tos?: number;
}

/** A process or the kernel of `net` sends. A source of 0.0.0.0 or :: is chosen by the route. */
export function sendLocally(run: Run, net: Net, skb: Skb, options: SendOptions = {}): void {
  const { from, flooded = false } = options;
  const hop = openHop(run, { namespace: net.name, ...(from === undefined ? {} : { from }) });
  const copy: Copy = { skb, net, hop, dev: options.out ?? '', flooded, translated: false };
  skb.local = true;
  skb.packetType = 'host';
  skb.etherSource = undefined;
  skb.etherDestination = undefined;
  skb.vlans = [];
  const { source, ...flow } = flowOf(skb, {
    iif: 'lo',
    ...(options.out === undefined ? {} : { oif: options.out }),
    ...(options.byKernel ? { uid: 0 } : {}),
  });
  const { tos = flow.tos } = options;
  const destinationPort = options.byKernel ? portOfMessage(skb) : undefined;
  const copied = options.toward !== undefined;
  const unset = !copied && (source === undefined || source === 0 || source === 0n);
  const key: FlowKey = copied
    ? copyFlow(skb, options.toward, options.out)
    : {
        ...flow,
        tos,
        ...(destinationPort === undefined ? {} : { destinationPort }),
        ...(options.about ? { packet: options.about } : {}),
        ...(unset ? {} : { source }),
      };
  const first = routeOutput(net, key);
  const isConnected = unset && !options.byKernel && asksAgain(skb);
  const routed = isConnected ? routeOutput(net, { ...key, ...sourceOf(first) }) : first;
  const { result } = routed;
  for (const text of net.fib[skb.family].assumptions) run.assumptions.add(text);
  addStep(run, copy, result.step);
  if (result.kind === 'drop') {
    if (result.incomplete.length > 0) noteIncomplete(run, net, result.incomplete);
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: result.cause,
      reason: result.reason,
      text: `${result.text}; the sender gets ${result.error ?? 'an error'}`,
      ...(result.sysctl === undefined ? {} : { sysctl: result.sysctl }),
      ...(result.step.route === undefined ? {} : { route: result.step.route }),
    });
    return;
  }
  for (const text of result.assumptions) run.assumptions.add(text);
  if (unset) {
    if (routed.source === undefined) {
      endCopy(run, copy, {
        verdict: 'dropped',
        cause: 'src-addr-selection',
        reason: 'IP_OUTNOROUTES',
        text: `${net.name} has no address to send from`,
      });
      return;
    }
    setSource(skb, routed.source);
  }
  copy.dst = result.destination;
  const { out } = result.destination;
  hopOf(run, copy).out = out;
  if (!runHook(run, copy, 'OUTPUT', { out })) return;
  output(run, copy);
}

/**
 * ip_route_connect(): whoever connects asks for the route once more, from the source that the first one gave. IPv6 and ICMP ask once; that
 * a UDP socket is connected, as resolvers' are, is taken for granted.
 */
function asksAgain({ family, protocol }: Skb): boolean {
  return family === 4 && (protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp);
}

const sourceOf = ({ source }: RoutedOutput) => (source === undefined ? {} : { source });

/**
 * union flowi_uli: type and code of an ICMP message lie where the destination port does, and rules for ports compare them.
 * icmp_reply(), of IPv4 alone, leaves them out.
 */
function portOfMessage(skb: Skb): number | undefined {
  const { icmpType, icmpCode = 0 } = fieldsOf(skb);
  if (icmpType === undefined || (skb.family === 4 && isIcmpQuery(icmpType))) return undefined;
  return (icmpType << 8) | icmpCode;
}

/** nf_dup_ipv4_route(), nf_dup_ipv6_route(): neither the packet's own addresses nor its mark count for the way of a copy. */
function copyFlow(skb: Skb, destination: Ip, out: string | undefined): FlowKey {
  const { tos } = fieldsOf(skb);
  return {
    destination,
    iif: 'lo',
    ...(out === undefined ? {} : { oif: out }),
    tos: skb.family === 4 ? tos : 0,
    mark: 0,
    uid: 0,
  };
}

export function noteIncomplete(run: Run, net: Net, tables: readonly string[]): void {
  run.undecided = true;
  run.assumptions.add(
    `${net.name}: table ${[...new Set(tables)].join(', ')} was not dumped (ip route show table all); taken as having no route`,
  );
}

/** ip_output(): POSTROUTING and out; what is broadcast comes back to the sender as well. */
export function output(run: Run, copy: Copy): void {
  const { dst, skb, net } = copy;
  if (!dst) throw new Error('output without a route');
  const comesBack = dst.out !== 'lo' && skb.local && dst.comesBack === true;
  if (comesBack) {
    const own: Copy = { ...copy, skb: cloneSkb(skb), flooded: true };
    if (runHook(run, own, 'POSTROUTING', { out: dst.out })) {
      run.queue.push(() => loopBack(run, own, dst.out));
    }
  }
  const phys = copy.bridge === undefined ? {} : { physin: copy.bridge.physin };
  // ip_output() hands on the device that a forwarded packet came in by.
  const from = skb.local ? undefined : copy.dev;
  if (!runHook(run, copy, 'POSTROUTING', { in: from, out: dst.out, ...phys })) return;
  finishOutput(run, copy, net);
}

/** dev_loopback_xmit() */
function loopBack(run: Run, copy: Copy, dev: string): void {
  const { net, skb } = copy;
  const hop = openHop(run, { namespace: net.name, in: dev, from: copy.hop });
  skb.packetType = 'loopback';
  receiveIp(run, { skb, net, hop, dev, dst: heldRoute(copy), flooded: true, translated: false });
}

function finishOutput(run: Run, copy: Copy, net: Net): void {
  const { dst, skb } = copy;
  if (!dst) return;
  copy.bridge = undefined;
  const device = deviceOf(net, dst.out);
  const hop = hopOf(run, copy);
  hop.out = dst.out;
  skb.etherSource = device.mac;
  if (device.kind !== 'loopback') {
    hop.nexthop = formatIp(dst.nexthop);
    skb.etherDestination = groupMac(dst.nexthop, dst.broadcast);
    if (skb.etherDestination !== undefined) {
      skb.packetType = dst.broadcast ? 'broadcast' : 'multicast';
    } else if (!device.noArp && !resolve(run, copy, device)) return;
    else skb.packetType = 'host';
  }
  const came = hop.in === undefined ? undefined : net.devices.get(hop.in)?.mtu;
  for (const piece of fragmentsOf(skb, mtuToward(net, dst, skb.family), came)) {
    transmit(run, piece === skb ? copy : { ...copy, skb: piece }, dst.out, false);
  }
}

/** False: nobody answers for the next hop, and the packet dies waiting. */
export function resolve(run: Run, copy: Copy, device: Device): boolean {
  const { dst, net, skb } = copy;
  if (!dst || !device.up) return true;
  const { source, destination } = fieldsOf(skb);
  const found = resolveNeighbour(run.kernel, net, device, {
    nexthop: dst.nexthop,
    source,
    viaGateway: dst.nexthop !== destination,
    now: skb.time,
  });
  switch (found.kind) {
    case 'mac':
      skb.etherDestination = found.mac;
      if (found.assumption !== undefined) run.assumptions.add(found.assumption);
      return true;
    case 'unknown':
      if (!found.failed) {
        if (!run.kernel.onlyDumpedStations || net.netns.neighbours === undefined) return true;
        // Nobody but the dumped namespaces answers: the packet waits, and its sender isn't told yet.
        endCopy(run, copy, {
          verdict: 'dropped',
          cause: 'neigh-failed',
          reason: 'NEIGH_FAILED',
          text: `nobody answers for ${formatIp(dst.nexthop)} on ${device.name}`,
        });
        return false;
      }
      run.undecided = true;
      run.assumptions.add(
        `${net.name}: the neighbour table has ${formatIp(dst.nexthop)} as ${found.failed.states.join(' ')}; nobody is taken to answer`,
      );
      return unanswered(
        run,
        copy,
        'neigh-failed',
        `nobody answered for ${formatIp(dst.nexthop)} on ${device.name}`,
      );
    case 'failed':
      return unanswered(run, copy, found.cause, found.text);
  }
}

/** arp_error_report(): the sender of a forwarded packet is told after three requests. */
function unanswered(run: Run, copy: Copy, cause: string, text: string): false {
  const { skb } = copy;
  endCopy(run, copy, { verdict: 'dropped', cause, reason: 'NEIGH_FAILED', text: `ARP unanswered: ${text}` });
  // Where no more than the moment counts, he isn't told yet.
  if (!skb.local && !run.kernel.onlyDumpedStations) queueIcmp(run, copy, NO_HOST[skb.family]);
  return false;
}

/** Does a packet to that address, seen on the bridge, go up to the host rather than to a station on the bridge? */
export function receivedBy(net: Net, bridge: Device, destination: Ip): boolean {
  if (isLocalAddress(net, destination)) return true;
  return !bridge.addresses.some(
    (entry) =>
      typeof entry.address === typeof destination &&
      contains(networkOf(entry.address, entry.length), destination),
  );
}
