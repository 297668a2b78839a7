/** macvlan_handle_frame() and macvlan_queue_xmit(), drivers/net/macvlan.c: devices on top of another, here or in other namespaces. */
import { isGroupMac, type Mac, parseMac } from '../net/mac.ts';
import type { Skb } from '../skb/skb.ts';
import type { Device } from './devices.ts';
import type { Net } from './net.ts';
import type { Kernel } from './run.ts';
import type { Station } from './segment.ts';

export type MacvlanMode = 'private' | 'vepa' | 'bridge' | 'passthru' | 'source';

export function modeOf({ link }: Device): MacvlanMode {
  const mode = link.kindData?.mode;
  return mode === 'private' || mode === 'vepa' || mode === 'passthru' || mode === 'source' ? mode : 'bridge';
}

/** Devices on top of one: of its own namespace, and of those whose links say that it is theirs. */
export function childrenOf(kernel: Kernel, net: Net, lower: Device): Station[] {
  const found: Station[] = [];
  if (!kernel.nets.stacked) return found;
  for (const other of kernel.nets.values()) {
    for (const device of other.devices.values()) {
      if (device.kind !== 'macvlan') continue;
      if (other === net ? device.lower === lower.name : isOver(kernel, other, device, net, lower)) {
        found.push({ net: other, device });
      }
    }
  }
  return found;
}

/** The device that one is on top of. */
export function lowerOf(kernel: Kernel, net: Net, device: Device): Station | undefined {
  if (device.lower !== undefined) {
    const lower = net.devices.get(device.lower);
    return lower && { net, device: lower };
  }
  for (const other of kernel.nets.values()) {
    if (other === net) continue;
    const lower = [...other.devices.values()].find((each) => isOver(kernel, net, device, other, each));
    if (lower) return { net: other, device: lower };
  }
  return undefined;
}

/** By index and namespace: named, known from a veth that shows the same id, or the only one that has the index. */
function isOver(kernel: Kernel, net: Net, device: Device, other: Net, lower: Device): boolean {
  const { peerIndex, peerNetnsid, peerNetns } = device.link;
  if (peerIndex === undefined || (peerNetnsid === undefined && peerNetns === undefined)) return false;
  if (lower.link.index !== peerIndex || lower.kind === 'loopback' || lower.kind === 'macvlan') return false;
  if (peerNetns !== undefined) return peerNetns === other.name;
  for (const each of net.devices.values()) {
    if (each.link.peerNetnsid !== peerNetnsid || each.kind !== 'veth') continue;
    const peer = kernel.topology.peerOf({ namespace: net.name, name: each.name });
    if (peer) return peer.namespace === other.name;
  }
  const candidates = [...kernel.nets.values()].filter(
    (each) =>
      each !== net &&
      [...each.devices.values()].some(
        ({ link, kind }) => link.index === peerIndex && kind !== 'loopback' && kind !== 'macvlan',
      ),
  );
  return candidates.length === 1 && candidates[0] === other;
}

export interface Handed {
  /** Children that get a copy each; by their source's address, they take it for theirs if the lower device did. */
  readonly copies: readonly Station[];
  /** The one that gets the frame itself; undefined: it stays with the lower device. */
  readonly taken?: Station;
  /** Nobody else sees it (`nodst` of source mode, or the child is down). */
  readonly consumed: boolean;
}

/** What becomes of a frame that arrived on the lower device. */
export function handMacvlan(kernel: Kernel, net: Net, lower: Device, skb: Skb): Handed {
  const children = childrenOf(kernel, net, lower).filter(({ device }) => device.up);
  const { etherDestination: to, etherSource: from } = skb;
  if (children.length === 0 || to === undefined) return { copies: [], consumed: false };
  const bySource = children.filter(({ device }) => modeOf(device) === 'source' && allows(device, from));
  const consumed = bySource.some(({ device }) => flagsOf(device).includes('nodst'));
  if (consumed) return { copies: bySource, consumed };
  if (isGroupMac(to)) {
    const sender = children.find(({ device }) => device.mac === from);
    const mode = sender && modeOf(sender.device);
    // What came back to a child that hears nobody but the outside is for that child alone.
    if (sender && mode !== 'vepa' && mode !== 'bridge')
      return { copies: [...bySource, sender], consumed: true };
    return { copies: [...bySource, ...groupReceivers(children, sender, to)], consumed };
  }
  const passthru = children.find(({ device }) => modeOf(device) === 'passthru');
  const taken = passthru ?? children.find(({ device }) => device.mac === to && modeOf(device) !== 'source');
  return { copies: bySource, consumed, ...(taken ? { taken } : {}) };
}

/** macvlan_multicast_rx(): from outside to all; what a child sent came back from outside, and the bridge's already have it. */
function groupReceivers(children: readonly Station[], sender: Station | undefined, to: Mac): Station[] {
  const mode = sender && modeOf(sender.device);
  return children.filter((child) => {
    const own = modeOf(child.device);
    if (own === 'source' || child === sender || !listens(child, to)) return false;
    if (mode === undefined) return true;
    if (mode === 'vepa') return own === 'vepa' || own === 'bridge';
    return own === 'vepa';
  });
}

/** Siblings that a frame of a child in bridge mode reaches at once. */
export function bridgeSiblings(kernel: Kernel, lower: Station, child: Device, to: Mac): Station[] {
  return childrenOf(kernel, lower.net, lower.device).filter(
    (each) =>
      each.device !== child &&
      each.device.up &&
      modeOf(each.device) === 'bridge' &&
      (isGroupMac(to) ? listens(each, to) : each.device.mac === to),
  );
}

/** Groups that it joined are among its own addresses in `bridge fdb`; without that dump it is taken to have joined. */
function listens({ net, device }: Station, to: Mac): boolean {
  if (!device.up) return false;
  if (to === 0xffffffffffff || device.link.flags.includes('ALLMULTI')) return true;
  const { fdb } = net.netns;
  return !fdb || fdb.some((entry) => entry.dev === device.name && entry.self && entry.mac === to);
}

function allows({ link }: Device, from: Mac | undefined): boolean {
  const list = link.kindData?.macaddr_data;
  return Array.isArray(list) && list.some((text) => typeof text === 'string' && parseMac(text) === from);
}

function flagsOf({ link }: Device): readonly unknown[] {
  const flags = link.kindData?.flags;
  return Array.isArray(flags) ? flags : [];
}
