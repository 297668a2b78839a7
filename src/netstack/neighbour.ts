/**
 * neigh_resolve_output(), net/core/neighbour.c, and what it takes for somebody to answer: arp_process(), net/ipv4/arp.c. ARP
 * isn't sent packet by packet; the model asks who on the link layer owns the address and whether he would answer.
 */
import type { Neighbour } from '../dump/records.ts';
import { formatIp, type Ip } from '../net/ip.ts';
import { BROADCAST_MAC, type Mac } from '../net/mac.ts';
import { contains, networkOf } from '../net/prefix.ts';
import type { Device } from './devices.ts';
import { learn } from './fdb.ts';
import { fibLookup } from './fib.ts';
import { childrenOf } from './macvlan.ts';
import { deviceOf, isLocalAddress, type Net, ownersOf } from './net.ts';
import { isFault, validateSource } from './reverse-path.ts';
import type { Kernel } from './run.ts';
import { exploreSegment, type Station } from './segment.ts';
import { selectAddress4 } from './source-address.ts';

export type Resolution =
  | { readonly kind: 'mac'; readonly mac: Mac; readonly assumption?: string }
  /** Nobody known owns the address, but not everybody is known. `failed`: the dump says that nobody answered. */
  | { readonly kind: 'unknown'; readonly failed?: Neighbour }
  | { readonly kind: 'failed'; readonly cause: string; readonly text: string };

const VALID = ['PERMANENT', 'NOARP', 'REACHABLE', 'STALE', 'DELAY', 'PROBE'];

export function resolveNeighbour(
  kernel: Kernel,
  net: Net,
  out: Device,
  of: { readonly nexthop: Ip; readonly source: Ip; readonly viaGateway: boolean; readonly now: number },
): Resolution {
  const { nexthop } = of;
  const entry = net.netns.neighbours?.find(
    (each) => each.address === nexthop && each.dev === out.name && !each.proxy,
  );
  const isValid = entry?.mac !== undefined && entry.states.some((state) => VALID.includes(state));
  const segment = exploreSegment(kernel, net, out.name, isValid ? undefined : taught(out, of.now));
  const refusals: { cause: string; text: string }[] = [];
  const owners: Station[] = [];
  for (const station of segment.stations) {
    const answer = wouldAnswer(station, nexthop, senderAddress(net, out, of));
    if (answer === 'yes') owners.push(station);
    else if (answer) refusals.push(answer);
  }
  const owner = owners.find((each) => each.device.mac !== undefined) ?? owners[0];
  if (entry?.mac !== undefined && isValid) {
    const differs = owner?.device.mac !== undefined && owner.device.mac !== entry.mac;
    const shared = owners.some((each) => each.device.mac === entry.mac);
    return {
      kind: 'mac',
      mac: entry.mac,
      ...(differs && !shared
        ? {
            assumption: `${net.name}: the neighbour entry of ${formatIp(nexthop)} (${entry.states.join(' ')}) is still in use, though ${owner.net.name} has another MAC`,
          }
        : {}),
    };
  }
  // br_handle_frame(): the answer would come in by the port and be the bridge's.
  if (out.bridge !== undefined) {
    return {
      kind: 'failed',
      cause: 'addr-on-enslaved-port',
      text: `${out.name} is a port of ${out.bridge}: the answer for ${formatIp(nexthop)} is delivered there`,
    };
  }
  if (owner) {
    const { mac } = owner.device;
    if (mac === undefined) return { kind: 'unknown' };
    exploreSegment(kernel, owner.net, owner.device.name, taught(owner.device, of.now));
    return {
      kind: 'mac',
      mac,
      ...(owners.length > 1
        ? {
            assumption: `${formatIp(nexthop)} has ${owners.length} owners on one link; ${owner.net.name} is taken to have answered`,
          }
        : {}),
    };
  }
  const child = macvlanChild(kernel, net, out, nexthop);
  if (child) return { kind: 'failed', ...child };
  if (!segment.complete) {
    const failed = entry?.states.some((state) => state === 'FAILED' || state === 'INCOMPLETE');
    return { kind: 'unknown', ...(failed && entry ? { failed: entry } : {}) };
  }
  const refusal = refusals[0];
  if (refusal) return { kind: 'failed', ...refusal };
  return { kind: 'failed', ...absence(kernel, net, out, of, segment.stations) };
}

/** Bridges on the way learn from the request, and from the answer. */
function taught({ mac }: Device, now: number): (net: Net, port: Device) => void {
  return (net, port) => {
    if (port.port?.learning === false || port.port?.locked) return;
    learn(net, deviceOf(net, port.bridge ?? ''), port, { mac, vid: 0, now });
  };
}

/** arp_announce 0: the packet's own source when it is local, else an address of the interface. */
function senderAddress(
  net: Net,
  out: Device,
  of: { readonly nexthop: Ip; readonly source: Ip },
): Ip | undefined {
  if (typeof of.nexthop === 'bigint') return undefined;
  return isLocalAddress(net, of.source) ? of.source : selectAddress4(net, out.name, of.nexthop);
}

/** Undefined: the station has nothing to do with the address. */
function wouldAnswer(
  { net, device }: Station,
  target: Ip,
  sender: Ip | undefined,
): 'yes' | { cause: string; text: string } | undefined {
  if (typeof target === 'bigint') {
    const own = device.addresses.find(({ address }) => address === target);
    if (own?.flags.includes('dadfailed')) {
      const text = `${formatIp(target)} of ${net.name} failed duplicate address detection`;
      return { cause: 'v6-dad', text };
    }
    return own ? 'yes' : undefined;
  }
  if (!isLocalAddress(net, target)) return answersByProxy(net, device, target) ? 'yes' : undefined;
  const where = `${net.name}, which has ${formatIp(target)},`;
  if (!device.up) return { cause: 'link-down', text: `${where} has ${device.name} down` };
  const ignore = net.confMax(4, device.name, 'arp_ignore');
  const onDevice = device.addresses.find(({ address }) => address === target);
  if (isIgnored(net, ignore, target, onDevice !== undefined)) {
    return {
      cause: 'arp-ignore-silent',
      text: `${where} ignores who-has on ${device.name} (arp_ignore ${ignore})`,
    };
  }
  if (ignore === 2 && onDevice && typeof sender === 'number') {
    if (!contains(networkOf(target, onDevice.length), sender)) {
      return { cause: 'arp-ignore-silent', text: `${where} answers its own subnet only (arp_ignore 2)` };
    }
  }
  if (typeof sender === 'number') {
    const fault = validateSource(
      net,
      { source: sender, destination: target, tos: 0, mark: 0 },
      device.name,
      undefined,
    );
    if (isFault(fault))
      return {
        cause: fault.cause,
        text: `${where} ignores the who-has of ${formatIp(sender)}: ${fault.text}`,
      };
  }
  return 'yes';
}

/** arp_ignore(): 4 to 7, and what is above 8, mean nothing. */
function isIgnored(net: Net, ignore: number, target: number, onDevice: boolean): boolean {
  if (ignore === 1 || ignore === 2) return !onDevice;
  if (ignore !== 3) return ignore === 8;
  const entries = [...net.devices.values()].flatMap(({ addresses }) =>
    addresses.filter(({ address }) => address === target),
  );
  return entries.length > 0 && entries.every(({ scope }) => scope === 'host');
}

function answersByProxy(net: Net, device: Device, target: number): boolean {
  if (net.confMax(4, device.name, 'proxy_arp') === 0 || net.conf(4, device.name, 'forwarding') === 0)
    return false;
  const found = fibLookup(net.fib[4], { destination: target, iif: device.name, tos: 0, mark: 0 });
  return found.kind === 'found' && found.route.type === 'unicast' && found.nexthop.dev !== device.name;
}

/** macvlan_queue_xmit(): what the lower device itself sends is never given to the devices on top of it. */
function macvlanChild(
  kernel: Kernel,
  net: Net,
  out: Device,
  nexthop: Ip,
): { cause: string; text: string } | undefined {
  if (out.kind === 'macvlan') return undefined;
  for (const other of kernel.nets.values()) {
    for (const device of ownersOf(other, nexthop)) {
      const isOnTop = childrenOf(kernel, net, out).some((child) => child.device === device);
      if (!isOnTop) continue;
      return {
        cause: 'macvlan-host-isolation',
        text: `${formatIp(nexthop)} is on ${device.name} of ${other.name}, a macvlan device on top of ${out.name}: its parent doesn't reach it`,
      };
    }
  }
  return undefined;
}

/** Nobody on the link has the address: is it elsewhere, or nowhere? */
function absence(
  kernel: Kernel,
  net: Net,
  out: Device,
  of: { readonly nexthop: Ip; readonly viaGateway: boolean },
  stations: readonly Station[],
): { cause: string; text: string } {
  const address = formatIp(of.nexthop);
  for (const other of kernel.nets.values()) {
    for (const device of ownersOf(other, of.nexthop)) {
      if (other === net && device.name === out.name) continue;
      if (!device.up) {
        return {
          cause: 'link-down',
          text: `${address} is on ${device.name} of ${other.name}, which is down`,
        };
      }
      for (const peer of kernel.topology.peersOf({ namespace: other.name, name: device.name })) {
        const near = kernel.nets.get(peer.namespace);
        if (!near) continue;
        const end = deviceOf(near, peer.name);
        if (!end.up) {
          return { cause: 'link-down', text: `${peer.name} of ${near.name}, the way to ${address}, is down` };
        }
        if (near === net && out.kind === 'bridge' && end.bridge !== out.name) {
          return {
            cause: 'bridge-port-not-enslaved',
            text: `${peer.name}, the way to ${address}, is no port of ${out.name}`,
          };
        }
      }
    }
  }
  const bare = stations.find(
    ({ device }) =>
      device.kind === 'bridge' &&
      !device.addresses.some((entry) => typeof entry.address === typeof of.nexthop),
  );
  if (
    of.viaGateway &&
    bare &&
    !stations.some(
      ({ device }) =>
        device.kind === 'bridge' &&
        device.addresses.some((entry) => typeof entry.address === typeof of.nexthop),
    )
  ) {
    return {
      cause: 'bridge-no-ip',
      text: `nobody answers for the gateway ${address}: ${bare.device.name} of ${bare.net.name} has no address`,
    };
  }
  return of.viaGateway
    ? { cause: 'route-wrong-gateway', text: `nobody on the link has the gateway's address ${address}` }
    : { cause: 'neigh-failed', text: `nobody on the link has the address ${address}` };
}

/** Broadcast, multicast, and devices without addresses of their own need no neighbour. */
export function groupMac(nexthop: Ip, broadcast: boolean): Mac | undefined {
  if (broadcast) return BROADCAST_MAC;
  if (typeof nexthop === 'number') {
    return nexthop >>> 28 === 14 ? 0x01005e000000 + (nexthop & 0x7fffff) : undefined;
  }
  return nexthop >> 120n === 0xffn ? 0x333300000000 + Number(nexthop & 0xffffffffn) : undefined;
}
