/** br_forward(), br_flood(), br_multicast_flood(), net/bridge/br_forward.c; br_dev_xmit(), net/bridge/br_device.c. */
import { viewOf } from '../base/bytes.ts';
import { Ipv4 } from '../header/ipv4.ts';
import { formatMac, isGroupMac, type Mac } from '../net/mac.ts';
import { cloneSkb } from '../skb/from-packet.ts';
import type { Skb } from '../skb/skb.ts';
import { runBridged, seesPacket } from './bridge-netfilter.ts';
import { allowedEgress, allowedIngress, type Classified } from './bridge-vlan.ts';
import { fragmentsOf } from './defrag.ts';
import type { Device } from './devices.ts';
import { findStation, isOwnMac, stationOf } from './fdb.ts';
import { groupTargets } from './mdb.ts';
import { deviceOf, type Net, portsOf } from './net.ts';
import { BR_NETFILTER, runBridgeHook } from './netfilter/frame-hook.ts';
import { addStep, type Copy, endCopy, hopOf, type Kernel, type Run } from './run.ts';
import { exploreSegment, isForwarding } from './segment.ts';
import { transmit } from './transmit.ts';

/** A frame on its way through a bridge. */
export interface Frame {
  readonly bridge: Device;
  /** The port it came in by; undefined: the host sends it. */
  readonly from: Device | undefined;
  readonly classified: Classified;
}

export function isGroup({ skb }: Copy): boolean {
  if (skb.etherDestination !== undefined) return isGroupMac(skb.etherDestination);
  return skb.packetType === 'broadcast' || skb.packetType === 'multicast';
}

/** To every other port, the last added first; of a multicast group to `members` only, where snooping knows them. */
export function flood(run: Run, copy: Copy, frame: Frame, members?: ReadonlySet<string>): void {
  const { net, skb } = copy;
  const { bridge } = frame;
  const ports = portsOf(net, bridge.name).filter(
    (port) =>
      (members ? members.has(port.name) : takesFloods(copy, frame, port)) && mayPass(net, frame, port),
  );
  addStep(run, copy, { kind: 'bridge', action: 'flood', bridge: bridge.name });
  // A unicast frame whose receiver isn't known goes to everybody and is for somebody nobody dumped.
  const reached =
    skb.etherDestination === undefined && !isGroup(copy)
      ? ports.filter((port) => leadsOut(run.kernel, net, port))
      : ports;
  if (reached.length === 0) {
    endCopy(run, copy, {
      verdict: 'dropped',
      ...nowhere(bridge, skb.etherDestination),
      stray: isGroup(copy),
    });
    return;
  }
  for (const port of reached) {
    const each: Copy = {
      ...copy,
      skb: cloneSkb(skb),
      ...(copy.bridge ? { bridge: { ...copy.bridge } } : {}),
      flooded: copy.flooded || reached.length > 1 || isGroup(copy),
    };
    sendTo(run, each, port, frame);
  }
}

/** What the host sends itself to a group goes to all ports; BR_PROXYARP ports get no floods at all. */
function takesFloods(copy: Copy, { from }: Frame, { port }: Device): boolean {
  if (port?.proxyArp) return false;
  if (!isGroup(copy)) return port?.flood !== false;
  if (from === undefined) return true;
  return (copy.skb.packetType === 'broadcast' ? port?.bcastFlood : port?.mcastFlood) !== false;
}

function nowhere(bridge: Device, mac: Mac | undefined): { cause: string; text: string } {
  const whom = mac === undefined ? 'the receiver' : formatMac(mac);
  return { cause: 'bridge-port-filtered', text: `no port of ${bridge.name} leads to ${whom}` };
}

function leadsOut(kernel: Kernel, net: Net, port: Device): boolean {
  return !exploreSegment(kernel, net, port.name).complete;
}

/** should_deliver() */
function mayPass(net: Net, { bridge, from, classified }: Frame, to: Device): boolean {
  if (from && from.name === to.name && !to.hairpin) return false;
  if (!isForwarding(net, to) || (from?.isolated && to.isolated)) return false;
  return allowedEgress(net, bridge, to.name, classified) !== undefined;
}

/** br_forward() to the port a station is behind, or to the one that stands in for it. */
export function forwardTo(run: Run, copy: Copy, station: Device, frame: Frame): void {
  const { net } = copy;
  const { bridge, from } = frame;
  const backup = station.port?.backupPort;
  const isDead = !station.carrier || !station.up;
  const to = isDead && backup !== undefined ? deviceOf(net, backup) : station;
  if (mayPass(net, frame, to)) {
    addStep(run, copy, { kind: 'bridge', action: 'forward', bridge: bridge.name, port: to.name });
    sendTo(run, copy, to, frame);
    return;
  }
  addStep(run, copy, { kind: 'bridge', action: 'drop', bridge: bridge.name, port: to.name });
  const same = from?.name === to.name;
  endCopy(run, copy, {
    verdict: 'dropped',
    cause: same && copy.translated ? 'nat-self-hairpin' : !to.up ? 'link-down' : 'bridge-port-filtered',
    text: same
      ? `would go back out of ${to.name}, where it came in; hairpin is off there`
      : whyNot(net, frame, to),
    stray: copy.flooded,
  });
}

function whyNot(net: Net, { bridge, from, classified }: Frame, to: Device): string {
  if (!to.up) return `port ${to.name} is down`;
  if (from?.isolated && to.isolated) return `${from.name} and ${to.name} are both isolated`;
  if (isForwarding(net, to) && allowedEgress(net, bridge, to.name, classified) === undefined) {
    return `port ${to.name} is not in VLAN ${classified.vid}`;
  }
  return `port ${to.name} doesn't forward`;
}

/** __br_forward(): through iptables' FORWARD and POSTROUTING when the frame came in by a port, then out. */
function sendTo(run: Run, copy: Copy, port: Device, frame: Frame): void {
  const { bridge, from, classified } = frame;
  const { net, skb, bridge: info } = copy;
  const hop = hopOf(run, copy);
  skb.vlans = allowedEgress(net, bridge, port.name, classified) ?? skb.vlans;
  const bridged = from !== undefined;
  if (bridged) {
    hop.out = bridge.name;
    hop.physout = port.name;
    const ports = { in: from.name, out: port.name };
    if (!runBridgeHook(run, copy, 'forward', ports, { upTo: BR_NETFILTER.forward })) return;
    // A tag that the bridge put on or took off decides whether iptables still knows the packet for one of its own.
    if (info && seesPacket(net, skb)) {
      info.physout = port.name;
      const phys = { physin: info.physin, physout: port.name };
      if (!runBridged(run, copy, 'FORWARD', { in: bridge.name, out: bridge.name, ...phys })) return;
    }
    if (!runBridgeHook(run, copy, 'forward', ports, { after: BR_NETFILTER.forward })) return;
  } else if (!runBridgeHook(run, copy, 'output', { out: port.name })) return;
  if (!runBridgeHook(run, copy, 'postrouting', { out: port.name })) return;
  if (bridged && info?.physout !== undefined && seesPacket(net, skb)) {
    const phys = { physin: info.physin, physout: port.name };
    if (!runBridged(run, copy, 'POSTROUTING', { out: bridge.name, ...phys })) return;
  }
  const pieces = fitting(copy, port, frame);
  if (!pieces) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'mtu-l2-mismatch',
      reason: 'PKT_TOO_BIG',
      text: `${skb.length} bytes don't fit port ${port.name} (MTU ${port.mtu}); a bridge says nothing to the sender`,
      stray: copy.flooded,
    });
    return;
  }
  for (const piece of pieces) {
    transmit(run, piece === copy.skb ? copy : { ...copy, skb: piece }, port.name, bridged);
  }
}

/** What fits on top of the MTU beside the Ethernet header: a VLAN tag (is_skb_forwardable()). */
const VLAN_ROOM = 4;

/**
 * br_nf_dev_queue_xmit(): what iptables has seen is cut where it may be. is_skb_forwardable(): the rest has to fit. A packet
 * longer than what can have come in is a train of segments that offloading joined, and stays one.
 */
function fitting({ net, skb, bridge: info }: Copy, port: Device, { bridge, from }: Frame): Skb[] | undefined {
  const isTrain = skb.length > (from ?? bridge).mtu + VLAN_ROOM;
  if (skb.fragmentMax === undefined && isTrain) return [skb];
  if (info?.physout !== undefined && seesPacket(net, skb)) {
    const limit = Math.min(skb.fragmentMax ?? port.mtu, port.mtu);
    if (skb.length <= limit) return [skb];
    return mayBeCut(skb, port.mtu) ? fragmentsOf(skb, port.mtu) : undefined;
  }
  const tags = Math.max(0, skb.vlans.length - 1) * VLAN_ROOM;
  return skb.length + tags <= port.mtu + VLAN_ROOM ? [skb] : undefined;
}

/** br_nf_ip_fragment(), br_ip6_fragment() */
function mayBeCut(skb: Skb, mtu: number): boolean {
  if (skb.family === 6) return skb.fragmentMax !== undefined && skb.fragmentMax <= mtu;
  const { dontFragment } = new Ipv4(viewOf(skb.bytes), 0);
  return !dontFragment && (skb.fragmentMax ?? 0) <= mtu;
}

/** br_dev_xmit(): what the host itself sends through the bridge. */
export function floodFromBridge(run: Run, copy: Copy, name: string): void {
  const { net, skb } = copy;
  const bridge = deviceOf(net, name);
  const classified = allowedIngress(net, bridge, name, skb.vlans);
  if (!classified) {
    addStep(run, copy, { kind: 'bridge', action: 'drop', bridge: name });
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'bridge-port-filtered',
      text: `${name} itself is not in the VLAN it sends to`,
    });
    return;
  }
  skb.vlans = classified.vlans;
  const frame: Frame = { bridge, from: undefined, classified };
  const { vid } = classified;
  if (isGroup(copy)) {
    const targets = skb.packetType === 'broadcast' ? undefined : groupTargets(net, bridge, skb, vid);
    const members = targets?.kind === 'members' ? targets : undefined;
    if (members?.doubt !== undefined) run.assumptions.add(members.doubt);
    flood(run, copy, frame, members?.ports);
    return;
  }
  const mac = skb.etherDestination;
  const own =
    mac !== undefined && isOwnMac(net, bridge, mac, vid)
      ? ownPort(net, bridge, mac, vid, skb.time)
      : undefined;
  const known = own ?? stationOf(run.kernel, net, bridge, { mac, vid, now: skb.time });
  if (known === undefined) flood(run, copy, frame);
  else forwardTo(run, copy, deviceOf(net, known), frame);
}

/** A port's own address is known to be behind that port, as any other. */
function ownPort(net: Net, bridge: Device, mac: Mac, vid: number, now: number): string | undefined {
  if (mac === bridge.mac) return undefined;
  const entry = findStation(net, bridge, mac, vid, now);
  return entry?.port ?? portsOf(net, bridge.name).find((port) => port.mac === mac)?.name;
}
