/** __netif_receive_skb_core(), net/core/dev.c, with eth_type_trans(): a frame arrives on an interface. */
import { BROADCAST_MAC, isGroupMac, type Mac } from '../net/mac.ts';
import { cloneSkb } from '../skb/from-packet.ts';
import type { PacketType, Skb } from '../skb/skb.ts';
import { handleFrame } from './bridge.ts';
import type { Device } from './devices.ts';
import { receiveIp } from './input.ts';
import { handMacvlan } from './macvlan.ts';
import { deviceOf, type Net } from './net.ts';
import { runIngress } from './netfilter/frame-hook.ts';
import { addTap, type Copy, endCopy, openHop, type Run } from './run.ts';
import type { Station } from './segment.ts';

/** Packets go round in circles no longer than this, whatever their TTL. */
const MAX_HOPS = 300;

export function receiveFrame(
  run: Run,
  net: Net,
  name: string,
  skb: Skb,
  of: { readonly from?: number; readonly flooded: boolean; readonly packetType?: PacketType },
): void {
  const device = deviceOf(net, name);
  const bridge = device.bridge;
  const hop = openHop(run, {
    namespace: net.name,
    in: bridge ?? name,
    ...(bridge === undefined ? {} : { physin: name }),
    ...(of.from === undefined ? {} : { from: of.from }),
  });
  const copy: Copy = { skb, net, hop, dev: name, flooded: of.flooded, translated: false };
  if (hop >= MAX_HOPS) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'route-loop',
      text: `given up after ${MAX_HOPS} hops`,
    });
    return;
  }
  if (!device.up) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'link-down',
      reason: 'DEV_READY',
      text: `${name} is down`,
      stray: of.flooded,
    });
    return;
  }
  skb.packetType = of.packetType ?? packetTypeOf(skb, device.mac);
  addTap(run, copy, { interface: name, direction: 'in' });
  receiveCore(run, copy, device);
}

/** What the frame meets on a device, beginning with the device's own taps behind it. */
export function receiveCore(run: Run, copy: Copy, device: Device): void {
  const { skb, net } = copy;
  if (!runIngress(run, copy, device.name)) return;
  const [tag] = skb.vlans;
  if (tag !== undefined) {
    const vlan = [...net.devices.values()].find(
      (each) => each.kind === 'vlan' && each.lower === device.name && each.vlan === tag,
    );
    if (vlan) {
      enter(run, copy, vlan, skb.vlans.slice(1));
      return;
    }
  }
  if (device.bridge !== undefined) {
    if (!handleFrame(run, copy, device)) receiveIp(run, copy);
    return;
  }
  const { copies, taken, consumed } = handMacvlan(run.kernel, net, device, skb);
  for (const child of copies) {
    const clone = cloneSkb(skb);
    const packetType = child.device.mac === skb.etherDestination ? 'host' : skb.packetType;
    const of = { from: copy.hop, flooded: true, packetType };
    run.queue.push(() => receiveFrame(run, child.net, child.device.name, clone, of));
  }
  if (taken) {
    if (taken.net === net) enter(run, copy, taken.device, skb.vlans, 'host');
    else handOver(run, copy, taken);
    return;
  }
  if (consumed) {
    endCopy(run, copy, { verdict: 'consumed' });
    return;
  }
  if (tag === 0) {
    // A priority tag says nothing of a VLAN; what is inside may.
    skb.vlans = skb.vlans.slice(1);
    if (skb.vlans.length > 0) {
      receiveCore(run, copy, device);
      return;
    }
  }
  if (tag !== undefined && tag !== 0) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'bridge-port-filtered',
      reason: 'VLAN',
      text: `${device.name} has no device for VLAN ${tag}`,
      stray: copy.flooded,
    });
    return;
  }
  receiveIp(run, copy);
}

/** To a device of another namespace on top of this one: neither marks nor connections go with it. */
function handOver(run: Run, copy: Copy, { net, device }: Station): void {
  const { skb } = copy;
  skb.conntrack = undefined;
  skb.mark = 0;
  skb.owner = undefined;
  const { hop, flooded } = copy;
  run.queue.push(() => receiveFrame(run, net, device.name, skb, { from: hop, flooded, packetType: 'host' }));
}

/** The frame is handed to a device on top of the one it arrived on. */
function enter(run: Run, copy: Copy, device: Device, vlans: readonly number[], as?: PacketType): void {
  const { skb } = copy;
  skb.vlans = vlans;
  copy.dev = device.name;
  const hop = run.hops[copy.hop];
  if (hop) hop.in = device.bridge ?? device.name;
  if (!device.up) {
    endCopy(run, copy, { verdict: 'dropped', cause: 'link-down', text: `${device.name} is down` });
    return;
  }
  skb.packetType = as ?? packetTypeOf(skb, device.mac);
  addTap(run, copy, { interface: device.name, direction: 'in' });
  receiveCore(run, copy, device);
}

/** Without a destination MAC (a cooked capture) what the capturing host saw stands. */
export function packetTypeOf(skb: Skb, own: Mac | undefined): PacketType {
  const { etherDestination } = skb;
  if (etherDestination === undefined) {
    return skb.packetType === 'outgoing' || skb.packetType === 'loopback' ? 'host' : skb.packetType;
  }
  if (etherDestination === BROADCAST_MAC) return 'broadcast';
  if (isGroupMac(etherDestination)) return 'multicast';
  return own === undefined || own === etherDestination ? 'host' : 'otherhost';
}
