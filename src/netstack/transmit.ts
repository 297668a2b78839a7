/** dev_queue_xmit() and what the drivers below do: veth_xmit(), br_dev_xmit(), loopback_xmit(), vlan and macvlan. */

import { hostOf } from '../input/host.ts';
import { isGroupMac } from '../net/mac.ts';
import { cloneSkb } from '../skb/from-packet.ts';
import type { LinkRef } from '../topology/topology.ts';
import { floodFromBridge } from './bridge-forward.ts';
import type { Device } from './devices.ts';
import { receiveIp } from './input.ts';
import { bridgeSiblings, lowerOf, modeOf } from './macvlan.ts';
import { deviceOf, isLocalAddress, type Net } from './net.ts';
import { runEgress, runIngress } from './netfilter/frame-hook.ts';
import { receiveFrame } from './receive.ts';
import { addTap, type Copy, type Destination, endCopy, openHop, type Run } from './run.ts';
import { isPointToPoint } from './segment.ts';
import { transmitVxlan } from './tunnel/vxlan.ts';
import { vxlanOf } from './tunnel/vxlan-device.ts';

/** `bridged`: the frame was switched, not routed or sent by this namespace. */
export function transmit(run: Run, copy: Copy, name: string, bridged: boolean): void {
  const { net, skb } = copy;
  const device = deviceOf(net, name);
  if (!device.up) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: device.kind === 'loopback' ? 'link-lo-down' : 'link-down',
      reason: 'DEV_READY',
      text: `${name} is down`,
      stray: copy.flooded,
    });
    return;
  }
  copy.dev = name;
  if (!runEgress(run, copy, name)) return;
  switch (device.kind) {
    case 'loopback':
      loop(run, copy);
      return;
    case 'bridge':
      addTap(run, copy, { interface: name, direction: 'out' });
      floodFromBridge(run, copy, name);
      return;
    case 'dummy':
      addTap(run, copy, { interface: name, direction: 'out' });
      endCopy(run, copy, { verdict: 'consumed' });
      return;
    case 'vlan':
      addTap(run, copy, { interface: name, direction: 'out' });
      if (device.lower === undefined) {
        leave(run, copy, bridged);
        return;
      }
      skb.vlans = [device.vlan ?? 0, ...skb.vlans];
      transmit(run, copy, device.lower, bridged);
      return;
    case 'macvlan':
      addTap(run, copy, { interface: name, direction: 'out' });
      fromMacvlan(run, copy, device, bridged);
      return;
    case 'tunnel': {
      const vxlan = vxlanOf(device);
      if (!vxlan) {
        onWire(run, copy, name, bridged);
        return;
      }
      addTap(run, copy, { interface: name, direction: 'out' });
      if (!transmitVxlan(run, copy, vxlan)) leave(run, copy, bridged);
      return;
    }
    default:
      onWire(run, copy, name, bridged);
  }
}

/** macvlan_queue_xmit(): in bridge mode siblings are reached directly, everything else goes out by the lower device. */
function fromMacvlan(run: Run, copy: Copy, device: Device, bridged: boolean): void {
  const { net, skb } = copy;
  const lower = lowerOf(run.kernel, net, device);
  if (!lower) {
    leave(run, copy, bridged);
    return;
  }
  const to = skb.etherDestination;
  if (to !== undefined && modeOf(device) === 'bridge') {
    const siblings = bridgeSiblings(run.kernel, lower, device, to);
    const refs = siblings.map((each) => ({ namespace: each.net.name, name: each.device.name }));
    if (!isGroupMac(to) && refs.length > 0) {
      deliverTo(run, copy, refs);
      return;
    }
    for (const ref of refs) deliverTo(run, { ...copy, skb: cloneSkb(skb), flooded: true }, [ref]);
  }
  if (lower.net === net) {
    transmit(run, copy, lower.device.name, bridged);
    return;
  }
  skb.conntrack = undefined;
  skb.mark = 0;
  const hop = openHop(run, { namespace: lower.net.name, physout: lower.device.name, from: copy.hop });
  transmit(run, { ...copy, net: lower.net, hop, bridge: undefined, dst: undefined }, lower.device.name, true);
}

function onWire(run: Run, copy: Copy, name: string, bridged: boolean): void {
  const { net, skb } = copy;
  const device = deviceOf(net, name);
  if (!device.carrier) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'link-down',
      reason: 'QDISC_DROP',
      text: `${name} has no carrier: its other end is down`,
      stray: copy.flooded,
    });
    return;
  }
  addTap(run, copy, { interface: name, direction: 'out' });
  const ends = run.kernel.topology
    .peersOf({ namespace: net.name, name })
    .filter((end) => run.kernel.nets.has(end.namespace));
  if (device.kind === 'tunnel' && ends.length > 0) {
    run.assumptions.add(
      `${net.name}: the way of ${name}'s outer packets (${device.link.kind ?? 'tunnel'}) is not followed; what it sends is taken to arrive`,
    );
  }
  assumeOneLink(run, copy, name);
  const addressed = ends.filter((end) => macOf(run, end) === skb.etherDestination);
  const mac = skb.etherDestination;
  const unicast = mac !== undefined && !isGroupMac(mac);
  const elsewhere = unicast && addressed.length === 0 && !isPointToPoint(run.kernel, net, name);
  const reached = elsewhere ? [] : addressed.length > 0 && skb.packetType !== 'broadcast' ? addressed : ends;
  const [end] = reached;
  if (!end) {
    leave(run, copy, bridged);
    return;
  }
  const peer = deviceOf(run.kernel.nets.get(end.namespace) ?? net, end.name);
  if (reached.length === 1 && !peer.up) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'link-down',
      reason: 'DEV_READY',
      text: `${end.name} of ${end.namespace}, the other end of ${name}, is down`,
      stray: copy.flooded,
    });
    return;
  }
  // Offloaded segments are longer than any MTU and pass; one datagram that fits the sender's doesn't have to fit the peer's.
  const single = skb.protocol !== 6 && skb.length <= device.mtu;
  if (reached.length === 1 && single && skb.length > peer.mtu + 4) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'mtu-l2-mismatch',
      reason: 'DEV_HDR',
      device: name,
      text: `${skb.length} bytes fit ${name} (MTU ${device.mtu}) but not ${end.name} of ${end.namespace} (MTU ${peer.mtu})`,
      stray: copy.flooded,
    });
    return;
  }
  deliverTo(run, copy, reached);
}

/** Between machines, where nothing but one subnet says that they share a link. */
function assumeOneLink(run: Run, { net }: Copy, name: string): void {
  const { wires, segments } = run.kernel.topology;
  const isHere = (end: LinkRef): boolean => end.namespace === net.name && end.name === name;
  const guessed = [
    ...wires.map(({ by, ends }) => ({ by, members: ends as readonly LinkRef[] })),
    ...segments,
  ].find(
    ({ by, members }) =>
      by === 'subnet' &&
      members.some(isHere) &&
      members.some(({ namespace }) => hostOf(namespace) !== hostOf(net.name)),
  );
  if (!guessed) return;
  const others = guessed.members.filter((end) => !isHere(end)).map((end) => `${end.namespace}:${end.name}`);
  run.assumptions.add(
    `${net.name}:${name} and ${others.join(', ')} are taken to be on one link: they are in one subnet, and no neighbour entry or capture shows it (ip neigh)`,
  );
}

function macOf(run: Run, end: LinkRef) {
  return run.kernel.nets.get(end.namespace)?.devices.get(end.name)?.mac;
}

/** Out of what is known. */
function leave(run: Run, copy: Copy, bridged: boolean): void {
  endCopy(run, copy, { verdict: bridged ? 'bridged' : 'forwarded', stray: copy.flooded });
}

/** skb_scrub_packet(): conntrack stays behind; the mark too when the namespace changes. */
function deliverTo(run: Run, copy: Copy, ends: readonly LinkRef[]): void {
  for (const end of ends) {
    const net = run.kernel.nets.get(end.namespace);
    if (!net) continue;
    const skb = ends.length > 1 ? cloneSkb(copy.skb) : copy.skb;
    skb.conntrack = undefined;
    skb.local = false;
    if (net !== copy.net) {
      skb.mark = 0;
      skb.owner = undefined;
    }
    const flooded = copy.flooded || ends.length > 1;
    run.queue.push(() => receiveFrame(run, net, end.name, skb, { from: copy.hop, flooded }));
  }
}

/** The packet comes back in with its mark and its connection. */
function loop(run: Run, copy: Copy): void {
  const { net, skb } = copy;
  run.queue.push(() => {
    const hop = openHop(run, { namespace: net.name, in: 'lo', from: copy.hop });
    skb.packetType = 'host';
    const arrived: Copy = {
      skb,
      net,
      hop,
      dev: 'lo',
      dst: heldRoute(copy),
      flooded: false,
      translated: copy.translated,
    };
    addTap(run, arrived, { interface: 'lo', direction: 'in' });
    if (runIngress(run, arrived, 'lo')) receiveIp(run, arrived);
  });
}

/** What loops back keeps the route it was sent by, which delivers it: no second decision, no check of its source. */
export function heldRoute({ dst, net }: Copy): Destination | undefined {
  if (!dst) return undefined;
  const isOwn = dst.out === 'lo' && !isLocalAddress(net, dst.nexthop);
  return isOwn ? undefined : { ...dst, kind: 'local' };
}

/** Sends a copy straight out of an interface, as its own hop. */
export function transmitDirect(run: Run, net: Net, skb: Copy['skb'], name: string): void {
  const hop = openHop(run, { namespace: net.name, physout: name });
  transmit(run, { skb, net, hop, dev: name, flooded: false, translated: false }, name, false);
}
