/** br_handle_frame() and br_handle_frame_finish(), net/bridge/br_input.c: a frame that came in by a port. */
import { isGroupMac, type Mac } from '../net/mac.ts';
import { fieldsOf } from '../skb/fields.ts';
import { cloneSkb } from '../skb/from-packet.ts';
import { type Frame, flood, forwardTo, isGroup } from './bridge-forward.ts';
import { callsIptables, redirected, runBridged } from './bridge-netfilter.ts';
import { bridgeSettings } from './bridge-settings.ts';
import { allowedEgress, allowedIngress } from './bridge-vlan.ts';
import type { Device } from './devices.ts';
import { findStation, isOwnMac, learn, stationOf } from './fdb.ts';
import { groupTargets } from './mdb.ts';
import { deviceOf, type Net } from './net.ts';
import { BR_NETFILTER, runBridgeHook } from './netfilter/frame-hook.ts';
import { receivedBy } from './output.ts';
import { receiveCore } from './receive.ts';
import { addStep, addTap, type Copy, endCopy, type Run } from './run.ts';
import { mayLearn } from './segment.ts';

/** False: the frame is not the bridge's; it goes on as one for the port itself. */
export function handleFrame(run: Run, copy: Copy, port: Device): boolean {
  const { net, skb } = copy;
  const bridge = deviceOf(net, port.bridge ?? '');
  if (skb.etherSource !== undefined && (skb.etherSource === 0 || isGroupMac(skb.etherSource))) {
    dropFrame(run, copy, port, 'its source is no address of a station');
    return true;
  }
  const reserved = reservedGroup(skb.etherDestination);
  if (reserved !== undefined && !isLetThrough(bridge, port, reserved)) {
    return handleReserved(run, copy, port, bridge, reserved);
  }
  if (!mayLearn(net, port)) {
    blocked(run, copy, port, bridge);
    return true;
  }
  if (skb.etherDestination !== undefined && skb.etherDestination === bridge.mac) skb.packetType = 'host';
  const own = { in: port.name };
  if (!runBridgeHook(run, copy, 'prerouting', own, { upTo: BR_NETFILTER.prerouting })) return true;
  if (callsIptables(run, net, bridge, copy)) {
    copy.bridge = { bridge: bridge.name, physin: port.name };
    const before = fieldsOf(skb).destination;
    if (!runBridged(run, copy, 'PREROUTING', { in: bridge.name, physin: port.name })) return true;
    if (fieldsOf(skb).destination !== before && !redirected(run, copy, bridge)) return true;
  }
  if (!runBridgeHook(run, copy, 'prerouting', own, { after: BR_NETFILTER.prerouting })) return true;
  finishFrame(run, copy, port, bridge);
  return true;
}

/** N of 01:80:c2:00:00:0N, which no bridge forwards by itself. */
function reservedGroup(mac: Mac | undefined): number | undefined {
  if (mac === undefined) return undefined;
  const last = mac - 0x0180c2000000;
  return last >= 0 && last < 16 ? last : undefined;
}

/** Without spanning tree its own group is forwarded like any other; pause frames never are. */
function isLetThrough(bridge: Device, port: Device, group: number): boolean {
  const { stp, groupFwdMask } = bridgeSettings(bridge);
  if (group === 1) return false;
  if (group === 0 && !stp) return true;
  return (((groupFwdMask | (port.port?.groupFwdMask ?? 0)) >> group) & 1) === 1;
}

/** __br_handle_local_finish(): learned from, and given to the protocols of the port's own device. */
function handleReserved(run: Run, copy: Copy, port: Device, bridge: Device, group: number): boolean {
  const { net, skb } = copy;
  if (group === 1) {
    dropFrame(run, copy, port, 'pause frames end where they arrive');
    return true;
  }
  const classified = allowedIngress(net, bridge, port.name, skb.vlans);
  const learns = bridgeSettings(bridge).learnsLinkLocal && port.port?.learning !== false;
  if (classified && learns && mayLearn(net, port)) {
    learn(net, bridge, port, { mac: skb.etherSource, vid: classified.vid, now: skb.time });
  }
  return false;
}

function dropFrame(run: Run, copy: Copy, port: Device, why: string): void {
  const bridge = port.bridge ?? '';
  addStep(run, copy, { kind: 'bridge', action: 'drop', bridge, port: port.name });
  endCopy(run, copy, {
    verdict: 'dropped',
    cause: 'bridge-port-filtered',
    text: `${port.name} of ${bridge} doesn't take the frame: ${why}`,
    stray: copy.flooded,
  });
}

function blocked(run: Run, copy: Copy, port: Device, bridge: Device): void {
  const state = port.port?.state ?? 'disabled';
  const down = !bridge.up;
  const waits = state === 'listening' || state === 'learning';
  addStep(run, copy, { kind: 'bridge', action: 'drop', bridge: bridge.name, port: port.name });
  endCopy(run, copy, {
    verdict: 'dropped',
    cause: down ? 'link-down' : waits ? 'bridge-stp-delay' : 'bridge-port-filtered',
    reason: 'BRIDGE_INGRESS_STP_STATE',
    text: down ? `bridge ${bridge.name} is down` : `port ${port.name} of ${bridge.name} is ${state}`,
    stray: copy.flooded,
  });
}

/** br_handle_frame_finish(): learn where it came from, find where it goes. */
export function finishFrame(run: Run, copy: Copy, port: Device, bridge: Device): void {
  const { net, skb } = copy;
  const classified = allowedIngress(net, bridge, port.name, skb.vlans);
  if (!classified) {
    const [tag] = skb.vlans;
    dropFrame(
      run,
      copy,
      port,
      tag ? `VLAN ${tag} is not allowed there` : 'it has no PVID for untagged frames',
    );
    return;
  }
  skb.vlans = classified.vlans;
  const { vid } = classified;
  const now = skb.time;
  if (port.port?.locked && !isUnlocked(net, bridge, port, copy, vid)) {
    dropFrame(run, copy, port, 'the port is locked, and the source is not in its FDB');
    return;
  }
  if (port.port?.learning !== false) learn(net, bridge, port, { mac: skb.etherSource, vid, now });
  if (port.port?.state === 'learning' || classified.state === 'learning') {
    blocked(run, copy, port, bridge);
    return;
  }
  const frame: Frame = { bridge, from: port, classified };
  const own = isForBridge(net, bridge, copy, vid);
  if (isGroup(copy)) {
    sendToGroup(run, copy, frame);
    return;
  }
  addTap(run, copy, { interface: bridge.name, direction: 'in', ...(own ? {} : { promiscuous: true }) });
  if (own) {
    passUp(run, copy, frame);
    return;
  }
  // In promiscuous mode the bridge gets what it forwards as well.
  const seen = isPromiscuous(bridge) ? copyUp(copy, undefined) : undefined;
  const station = stationOf(run.kernel, net, bridge, { mac: skb.etherDestination, vid, now });
  if (station === undefined) flood(run, copy, frame);
  else forwardTo(run, copy, deviceOf(net, station), frame);
  if (seen) passUp(run, seen, frame);
}

function isPromiscuous(bridge: Device): boolean {
  return bridge.link.flags.includes('PROMISC');
}

function copyUp(copy: Copy, conntrack: Copy['skb']['conntrack']): Copy {
  const skb = cloneSkb(copy.skb);
  skb.conntrack = conntrack;
  return { ...copy, skb, flooded: true, ...(copy.bridge ? { bridge: { ...copy.bridge } } : {}) };
}

function sendToGroup(run: Run, copy: Copy, frame: Frame): void {
  const { net, skb } = copy;
  const { bridge } = frame;
  const { vid } = frame.classified;
  const targets = skb.packetType === 'broadcast' ? undefined : groupTargets(net, bridge, skb, vid);
  const members = targets?.kind === 'members' ? targets : undefined;
  if (members?.doubt !== undefined) run.assumptions.add(members.doubt);
  // br_nf_local_in(): what a bridge in promiscuous mode passes up has lost its connection.
  const promiscuous = isPromiscuous(bridge);
  const isUp = members?.host !== false || promiscuous;
  const conntrack = promiscuous ? undefined : skb.conntrack;
  const up = isUp ? { ...copyUp(copy, conntrack), flooded: copy.flooded } : undefined;
  addTap(run, copy, { interface: bridge.name, direction: 'in', ...(isUp ? {} : { promiscuous: true }) });
  flood(run, copy, frame, members?.ports);
  if (up) passUp(run, up, frame);
}

/** Port security: the source has to be known on this very port. With MAB it is put there, locked. */
function isUnlocked(net: Net, bridge: Device, port: Device, { skb }: Copy, vid: number): boolean {
  const { etherSource: mac, time: now } = skb;
  if (mac === undefined) return true;
  if (isOwnMac(net, bridge, mac, vid)) return false;
  const entry = findStation(net, bridge, mac, vid, now);
  if (!entry) {
    if (port.port?.mab) learn(net, bridge, port, { mac, vid, now, locked: true });
    return false;
  }
  if (entry.port !== port.name) return false;
  if (entry.locked) entry.updated = now;
  return !entry.locked;
}

/** A frame without a MAC (cooked capture) goes by its IP destination. */
function isForBridge(net: Net, bridge: Device, { skb }: Copy, vid: number): boolean {
  const { etherDestination } = skb;
  if (etherDestination === undefined) return receivedBy(net, bridge, fieldsOf(skb).destination);
  return isOwnMac(net, bridge, etherDestination, vid);
}

/** br_pass_frame_up() */
function passUp(run: Run, copy: Copy, { bridge, from, classified }: Frame): void {
  const { net, skb } = copy;
  const tags = allowedEgress(net, bridge, bridge.name, classified);
  if (tags === undefined) {
    dropFrame(run, copy, bridge, `the bridge itself is not in VLAN ${classified.vid}`);
    return;
  }
  skb.vlans = tags;
  addStep(run, copy, { kind: 'bridge', action: 'deliver', bridge: bridge.name });
  if (!runBridgeHook(run, copy, 'input', { in: from?.name })) return;
  // br_nf_local_in(): what isn't addressed to the bridge itself is confirmed before anybody can lose it.
  if (copy.bridge && skb.packetType !== 'host') net.conntrack.confirm(skb);
  copy.dev = bridge.name;
  receiveCore(run, copy, bridge);
}
