/** br_handle_frame(), br_forward(), br_flood(), net/bridge; iptables on bridged packets: net/bridge/br_netfilter_hooks.c. */
import { formatMac, isGroupMac, type Mac } from '../net/mac.ts';
import { fieldsOf } from '../skb/fields.ts';
import { cloneSkb } from '../skb/from-packet.ts';
import { callsIptables, redirected, runBridged } from './bridge-netfilter.ts';
import { fragmentsOf } from './defrag.ts';
import type { Device } from './devices.ts';
import { learn, stationOf } from './fdb.ts';
import { receiveIp } from './input.ts';
import { deviceOf, type Net, portsOf } from './net.ts';
import { receivedBy } from './output.ts';
import { addStep, addTap, type Copy, endCopy, hopOf, type Kernel, type Run } from './run.ts';
import { exploreSegment, isForwarding } from './segment.ts';
import { transmit } from './transmit.ts';

/** A frame arrived on a port. */
export function handleFrame(run: Run, copy: Copy, port: Device): void {
  const { net, skb } = copy;
  const bridge = deviceOf(net, port.bridge ?? '');
  if (!isForwarding(net, port)) {
    blocked(run, copy, port, bridge);
    return;
  }
  if (skb.etherDestination !== undefined && skb.etherDestination === bridge.mac) skb.packetType = 'host';
  if (callsIptables(run, net, bridge, copy)) {
    copy.bridge = { bridge: bridge.name, physin: port.name };
    const before = fieldsOf(skb).destination;
    if (!runBridged(run, copy, 'PREROUTING', { in: bridge.name, physin: port.name })) return;
    if (fieldsOf(skb).destination !== before && !redirected(run, copy, bridge)) return;
  }
  finishFrame(run, copy, port, bridge);
}

function blocked(run: Run, copy: Copy, port: Device, bridge: Device): void {
  const state = port.port?.state ?? 'disabled';
  const down = !bridge.up;
  const waits = state === 'listening' || state === 'learning';
  addStep(run, copy, { kind: 'bridge', action: 'drop', bridge: bridge.name, port: port.name });
  endCopy(run, copy, {
    verdict: 'dropped',
    cause: down ? 'link-down' : waits ? 'bridge-stp-delay' : 'bridge-port-filtered',
    text: down ? `bridge ${bridge.name} is down` : `port ${port.name} of ${bridge.name} is ${state}`,
    stray: copy.flooded,
  });
}

/** br_handle_frame_finish(): learn where it came from, find where it goes. */
function finishFrame(run: Run, copy: Copy, port: Device, bridge: Device): void {
  const { net, skb } = copy;
  learn(net, bridge, port, skb.etherSource);
  addTap(run, copy, {
    interface: bridge.name,
    direction: 'in',
    ...(isForBridge(net, bridge, copy) || isGroup(copy) ? {} : { promiscuous: true }),
  });
  if (isGroup(copy)) {
    const up = { ...copy, skb: cloneSkb(copy.skb), flooded: copy.flooded };
    flood(run, copy, port, bridge);
    passUp(run, up, bridge);
    return;
  }
  if (isForBridge(net, bridge, copy)) {
    passUp(run, copy, bridge);
    return;
  }
  const station = stationOf(run.kernel, net, bridge, skb.etherDestination);
  if (station !== undefined) {
    forwardTo(run, copy, port, deviceOf(net, station), bridge);
    return;
  }
  flood(run, copy, port, bridge);
}

function isGroup({ skb }: Copy): boolean {
  if (skb.etherDestination !== undefined) return isGroupMac(skb.etherDestination);
  return skb.packetType === 'broadcast' || skb.packetType === 'multicast';
}

/** Own MACs: the bridge's and its ports'. A frame without one (cooked capture) goes by its IP destination. */
function isForBridge(net: Net, bridge: Device, { skb }: Copy): boolean {
  const { etherDestination } = skb;
  if (etherDestination === undefined) return receivedBy(net, bridge, fieldsOf(skb).destination);
  return (
    etherDestination === bridge.mac || portsOf(net, bridge.name).some(({ mac }) => mac === etherDestination)
  );
}

/** br_pass_frame_up() */
function passUp(run: Run, copy: Copy, bridge: Device): void {
  addStep(run, copy, { kind: 'bridge', action: 'deliver', bridge: bridge.name });
  // br_nf_local_in(): what isn't addressed to the bridge itself is confirmed before anybody can lose it.
  if (copy.bridge && copy.skb.packetType !== 'host') copy.net.conntrack.confirm(copy.skb);
  copy.dev = bridge.name;
  receiveIp(run, copy);
}

/** br_flood(): to every other port, the last added first. */
function flood(run: Run, copy: Copy, from: Device | undefined, bridge: Device): void {
  const { net, skb } = copy;
  const ports = portsOf(net, bridge.name).filter((port) => {
    if (port.port?.flood === false && !isGroup(copy)) return false;
    return mayPass(net, from, port);
  });
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
    sendTo(run, each, port, bridge, from !== undefined);
  }
}

function nowhere(bridge: Device, mac: Mac | undefined): { cause: string; text: string } {
  const whom = mac === undefined ? 'the receiver' : formatMac(mac);
  return { cause: 'bridge-port-filtered', text: `no port of ${bridge.name} leads to ${whom}` };
}

function leadsOut(kernel: Kernel, net: Net, port: Device): boolean {
  return !exploreSegment(kernel, net, port.name).complete;
}

/** should_deliver() */
function mayPass(net: Net, from: Device | undefined, to: Device): boolean {
  if (from && from.name === to.name && !to.hairpin) return false;
  return isForwarding(net, to) && !(from?.isolated && to.isolated);
}

/** br_forward() to the port a station is behind. */
function forwardTo(run: Run, copy: Copy, from: Device, to: Device, bridge: Device): void {
  if (mayPass(copy.net, from, to)) {
    addStep(run, copy, { kind: 'bridge', action: 'forward', bridge: bridge.name, port: to.name });
    sendTo(run, copy, to, bridge, true);
    return;
  }
  addStep(run, copy, { kind: 'bridge', action: 'drop', bridge: bridge.name, port: to.name });
  const same = from.name === to.name;
  endCopy(run, copy, {
    verdict: 'dropped',
    cause: same && copy.translated ? 'nat-self-hairpin' : !to.up ? 'link-down' : 'bridge-port-filtered',
    text: same
      ? `would go back out of ${to.name}, where it came in; hairpin is off there`
      : !to.up
        ? `port ${to.name} is down`
        : from.isolated && to.isolated
          ? `${from.name} and ${to.name} are both isolated`
          : `port ${to.name} doesn't forward`,
    stray: copy.flooded,
  });
}

/** __br_forward(): through iptables' FORWARD and POSTROUTING when the frame came in by a port, then out. */
function sendTo(run: Run, copy: Copy, port: Device, bridge: Device, bridged: boolean): void {
  const { bridge: info } = copy;
  const hop = hopOf(run, copy);
  if (bridged) {
    hop.out = bridge.name;
    hop.physout = port.name;
    if (info) {
      info.physout = port.name;
      const phys = { physin: info.physin, physout: port.name };
      if (!runBridged(run, copy, 'FORWARD', { in: bridge.name, out: bridge.name, ...phys })) return;
      if (!runBridged(run, copy, 'POSTROUTING', { out: bridge.name, ...phys })) return;
    }
  }
  for (const piece of fragmentsOf(copy.skb, port.mtu)) {
    transmit(run, piece === copy.skb ? copy : { ...copy, skb: piece }, port.name, bridged);
  }
}

/** br_dev_xmit(): what the host itself sends through the bridge. */
export function floodFromBridge(run: Run, copy: Copy, name: string): void {
  const { net, skb } = copy;
  const bridge = deviceOf(net, name);
  const known = isGroup(copy) ? undefined : stationOf(run.kernel, net, bridge, skb.etherDestination);
  if (known === undefined) {
    flood(run, copy, undefined, bridge);
    return;
  }
  const port = deviceOf(net, known);
  if (!mayPass(net, undefined, port)) {
    addStep(run, copy, { kind: 'bridge', action: 'drop', bridge: name, port: known });
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: port.up ? 'bridge-port-filtered' : 'link-down',
      text: port.up ? `port ${known} doesn't forward` : `port ${known} is down`,
    });
    return;
  }
  addStep(run, copy, { kind: 'bridge', action: 'forward', bridge: name, port: known });
  transmit(run, copy, known, false);
}
