/**
 * vxlan_xmit_one() and vxlan_rcv(), drivers/net/vxlan/vxlan_core.c: a frame in a UDP packet (RFC 7348). The outer packet is sent as
 * the host's own, through OUTPUT and POSTROUTING, with the mark and the sending process of the inner one and without its
 * connection; on the other side it passes PREROUTING and INPUT to the socket of the device.
 */
import { getUint48, setUint48, viewOf } from '../../base/bytes.ts';
import { Ipv4 } from '../../header/ipv4.ts';
import { VXLAN_LENGTH, Vxlan as VxlanHeader } from '../../header/vxlan.ts';
import { formatIp, type Ip } from '../../net/ip.ts';
import { formatMac, isGroupMac } from '../../net/mac.ts';
import { PROTOCOL } from '../../net/protocol.ts';
import { buildSkb } from '../../skb/build.ts';
import { fieldsOf } from '../../skb/fields.ts';
import { cloneSkb } from '../../skb/from-packet.ts';
import { layoutOf } from '../../skb/layout.ts';
import { setDestination, setSource, setTos } from '../../skb/rewrite.ts';
import type { Skb } from '../../skb/skb.ts';
import type { Device } from '../devices.ts';
import { icmpError } from '../icmp.ts';
import { mtuToward } from '../mtu.ts';
import type { Net } from '../net.ts';
import { sendLocally } from '../output.ts';
import { receiveFrame } from '../receive.ts';
import { isMulticast } from '../route.ts';
import { routeOutput } from '../route-output.ts';
import { addStep, type Copy, endCopy, type Run } from '../run.ts';
import { learnRemote, type Remote, remotesOf, type Vxlan, vxlanOf, vxlansOf } from './vxlan-device.ts';

const ETHERNET_LENGTH = 14;
const UDP_LENGTH = 8;
const ETHER_TYPE = { 4: 0x0800, 6: 0x86dd } as const;
const VLAN_TYPE = 0x8100;

/** False: what the device is to do is not known from the dumps, and the packet leaves the model there. */
export function transmitVxlan(run: Run, copy: Copy, vxlan: Vxlan): boolean {
  const { net, skb } = copy;
  const { device } = vxlan;
  const remotes = remotesOf(net, vxlan, skb.etherDestination);
  if (remotes === undefined) {
    run.assumptions.add(
      `${net.name}: no \`bridge fdb show\`; to which node ${device.name} sends the frame is not known`,
    );
    return false;
  }
  if (remotes.length === 0) {
    const mac = skb.etherDestination;
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'vxlan-underlay',
      reason: 'NO_TX_TARGET',
      device: device.name,
      text: `${device.name} has no forwarding entry for ${mac === undefined ? 'the frame' : formatMac(mac)}, and none for all zeroes`,
      stray: copy.flooded,
    });
    return true;
  }
  const known = skb.etherDestination !== undefined && !isGroupMac(skb.etherDestination);
  for (const [index, remote] of remotes.entries()) {
    const each = index === 0 ? skb : cloneSkb(skb);
    const flooded = copy.flooded || (!known && remotes.length > 1);
    sendTo(run, { ...copy, skb: each, flooded }, vxlan, remote);
  }
  return true;
}

function sendTo(run: Run, copy: Copy, vxlan: Vxlan, remote: Remote): void {
  const { net, skb } = copy;
  const { device } = vxlan;
  const source = vxlan.local ?? (typeof remote.address === 'number' ? 0 : 0n);
  const outer = encapsulate(net, skb, vxlan, remote, source);
  const { result } = routeOutput(net, {
    destination: remote.address,
    ...(source === 0 || source === 0n ? {} : { source }),
    iif: 'lo',
    ...(vxlan.lower === undefined ? {} : { oif: vxlan.lower }),
    tos: 0,
    mark: skb.mark,
    uid: 0,
  });
  const depth = depthOf(outer);
  if (depth > DEEPEST || (result.kind !== 'drop' && result.destination.out === device.name)) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'route-loop',
      device: device.name,
      text:
        depth > DEEPEST
          ? `wrapped more than ${DEEPEST} times`
          : `the way to ${formatIp(remote.address)} leads into ${device.name} itself`,
      stray: copy.flooded,
    });
    return;
  }
  if (result.kind !== 'drop') {
    const mtu = mtuToward(net, result.destination, outer.family);
    const headroom = outer.length - skb.length;
    // Segments that offloading joined are cut to the device's MTU before they are wrapped.
    const length = Math.min(skb.length, device.mtu);
    if (length > mtu - headroom && tooBig(run, copy, vxlan, { mtu, headroom, outer })) return;
  }
  addStep(run, copy, {
    kind: 'tunnel',
    action: 'encapsulate',
    device: device.name,
    tunnel: `vxlan ${remote.vni}`,
    text: `in UDP to ${formatIp(remote.address)} port ${remote.port}, VNI ${remote.vni}`,
  });
  run.queue.push(() =>
    sendLocally(run, net, outer, {
      byKernel: true,
      from: copy.hop,
      flooded: copy.flooded,
      ...(vxlan.lower === undefined ? {} : { out: vxlan.lower }),
    }),
  );
}

/** The kernel's own limit of tunnels in tunnels is their transmit recursion (XMIT_RECURSION_LIMIT). */
const DEEPEST = 8;

function depthOf({ inner }: Skb): number {
  let depth = 0;
  for (let each = inner; each; each = each.skb.inner) depth++;
  return depth;
}

/**
 * skb_tunnel_check_pmtu(): of a bridge's port the sender is told, in the receiver's name; otherwise only the route of the inner packet
 * learns, which forwarded packets don't ask. A packet that may be cut is; one that may not (`df`) dies. True: it ended here.
 */
function tooBig(
  run: Run,
  copy: Copy,
  { device }: Vxlan,
  { mtu, headroom, outer }: { mtu: number; headroom: number; outer: Skb },
): boolean {
  const { skb, net } = copy;
  const fixed = skb.family === 6 || new Ipv4(viewOf(skb.bytes), 0).dontFragment;
  const whole = outer.family === 6 || new Ipv4(viewOf(outer.bytes), 0).dontFragment;
  const answer =
    device.bridge !== undefined && fixed
      ? icmpError(
          skb,
          skb.family === 4
            ? { type: 3, code: 4, rest: mtu - headroom }
            : { type: 2, code: 0, rest: mtu - headroom },
          true,
        )
      : undefined;
  if (!answer && !whole) return false;
  endCopy(run, copy, {
    verdict: 'dropped',
    cause: 'mtu-pmtu-blackhole',
    reason: 'PKT_TOO_BIG',
    device: device.name,
    text: answer
      ? `${skb.length} bytes and ${headroom} of ${device.name}'s headers don't fit the MTU ${mtu} of the way to the other node; the sender is told`
      : `${skb.length} bytes and ${headroom} of ${device.name}'s headers don't fit the MTU ${mtu} of the way to the other node, what ${device.name} sends may not be fragmented, and nobody tells the sender`,
    stray: copy.flooded,
  });
  if (!answer) return true;
  const { source, destination } = fieldsOf(skb);
  setSource(answer, destination);
  setDestination(answer, source);
  answer.etherSource = skb.etherDestination;
  answer.etherDestination = skb.etherSource;
  answer.local = false;
  // iptunnel_pmtud_build_icmp()
  setTos(answer, 0);
  if (answer.family === 4) {
    answer.bytes[6] = 0x40;
    new Ipv4(viewOf(answer.bytes), 0).sealChecksum();
  }
  run.answers.push({ namespace: net.name, skb: answer, always: false, receivedOn: device.name });
  return true;
}

function encapsulate(net: Net, skb: Skb, vxlan: Vxlan, remote: Remote, source: Ip): Skb {
  const inner = fieldsOf(skb);
  const tags = skb.vlans.length * 4;
  const frame = ETHERNET_LENGTH + tags;
  const payload = new Uint8Array(VXLAN_LENGTH + frame + skb.bytes.length);
  const view = viewOf(payload);
  payload[0] = 8;
  view.setUint32(4, remote.vni * 256);
  setUint48(view, VXLAN_LENGTH, skb.etherDestination ?? 0);
  setUint48(view, VXLAN_LENGTH + 6, skb.etherSource ?? 0);
  for (const [index, vlan] of skb.vlans.entries()) {
    view.setUint16(VXLAN_LENGTH + 12 + index * 4, VLAN_TYPE);
    view.setUint16(VXLAN_LENGTH + 14 + index * 4, vlan);
  }
  view.setUint16(VXLAN_LENGTH + frame - 2, ETHER_TYPE[skb.family]);
  payload.set(skb.bytes, VXLAN_LENGTH + frame);
  const tos = vxlan.tos === 'inherit' ? inner.tos : vxlan.tos;
  const innerFixed = skb.family === 4 && new Ipv4(viewOf(skb.bytes), 0).dontFragment;
  const outer = buildSkb({
    source,
    destination: remote.address,
    protocol: PROTOCOL.udp,
    sourcePort: sourcePort(net, skb, vxlan),
    destinationPort: remote.port,
    ttl: vxlan.ttl === 'inherit' ? inner.ttl : vxlan.ttl || (isMulticast(remote.address) ? 1 : hopLimit(net)),
    // INET_ECN_encapsulate()
    tos: (tos & ~3) | ((inner.tos & 3) === 3 ? 2 : inner.tos & 3),
    dontFragment: vxlan.df === 'set' || (vxlan.df === 'inherit' && innerFixed),
    payload,
    mark: skb.mark,
    time: skb.time,
    local: true,
    origin: skb.origin,
  });
  outer.owner = skb.owner;
  outer.kernelSocket = skb.local ? skb.kernelSocket : 'none';
  outer.inner = { skb: cloneSkb(skb), tunnel: `vxlan ${remote.vni}` };
  lengthen(outer, skb.length - skb.bytes.length, vxlan.checksum);
  return outer;
}

/** Of a packet that the capture cut, the rest was there; no checksum can be made over what isn't known. */
function lengthen(outer: Skb, missing: number, checksum: boolean): void {
  const view = viewOf(outer.bytes);
  if (missing > 0 || !checksum) view.setUint16(outer.transport + 6, 0);
  if (missing <= 0) return;
  outer.length += missing;
  view.setUint16(outer.transport + 4, outer.length - outer.transport);
  if (outer.family === 6) view.setUint16(4, outer.length - 40);
  else {
    view.setUint16(2, outer.length);
    new Ipv4(view, 0).sealChecksum();
  }
}

function hopLimit(net: Net): number {
  return Number(net.sysctl('net.ipv4.ip_default_ttl')?.value ?? 64) || 64;
}

/** udp_flow_src_port(): by a hash of the inner flow whose seed nobody is told; one that is possible. */
function sourcePort(net: Net, skb: Skb, { ports }: Vxlan): number {
  const { source, destination, protocol, sourcePort: from = 0, destinationPort: to = 0 } = fieldsOf(skb);
  const local = /^(\d+)\s+(\d+)/.exec(net.sysctl('net.ipv4.ip_local_port_range')?.value ?? '');
  const [low, high] = ports[1] > 0 ? ports : [Number(local?.[1] ?? 32768), Number(local?.[2] ?? 60999)];
  let hash = 0x811c9dc5;
  for (const part of [source, destination, protocol, from, to]) {
    for (const digit of part.toString(16)) hash = Math.imul(hash ^ digit.charCodeAt(0), 0x01000193);
  }
  return low + ((hash >>> 0) % Math.max(1, high - low));
}

/**
 * vxlan_rcv(), for what INPUT let through to the port of a device that is up. False: no VXLAN listens there, or the packet can't be
 * looked into.
 */
export function receiveVxlan(run: Run, copy: Copy): boolean {
  const { skb, net } = copy;
  if (skb.protocol !== PROTOCOL.udp || skb.transport < 0) return false;
  const { destinationPort, source } = fieldsOf(skb);
  const here = vxlansOf(net).filter(({ port, device }) => port === destinationPort && device.up);
  const start = skb.transport + UDP_LENGTH;
  const view = viewOf(skb.bytes);
  if (here.length === 0 || new VxlanHeader(view, start).check(skb.bytes.length) !== undefined) return false;
  const { vni } = new VxlanHeader(view, start);
  const vxlan = here.find((each) => each.vni === vni);
  if (!vxlan) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'vxlan-underlay',
      reason: 'VXLAN_VNI_NOT_FOUND',
      text: `${net.name} has no VXLAN device with VNI ${vni} on port ${destinationPort} (${here.map((each) => `${each.device.name} has VNI ${each.vni}`).join(', ')})`,
      stray: copy.flooded,
    });
    return true;
  }
  const inner = decapsulate(skb, start + VXLAN_LENGTH);
  const { device } = vxlan;
  addStep(run, copy, {
    kind: 'tunnel',
    action: 'decapsulate',
    device: device.name,
    tunnel: `vxlan ${vni}`,
    text: `VNI ${vni} from ${formatIp(source)}`,
  });
  if (!inner) {
    endCopy(run, copy, { verdict: 'consumed' });
    return true;
  }
  if (inner.etherSource !== undefined && inner.etherSource === device.mac) {
    endCopy(run, copy, {
      verdict: 'dropped',
      cause: 'vxlan-underlay',
      reason: 'LOCAL_MAC',
      text: `the frame comes from the MAC address of ${device.name} itself`,
      stray: copy.flooded,
    });
    return true;
  }
  learnRemote(net, vxlan, inner.etherSource, source);
  const { hop, flooded } = copy;
  run.queue.push(() => receiveFrame(run, net, device.name, inner, { from: hop, flooded }));
  return true;
}

/** Undefined: the frame holds no IP packet that can be read. */
function decapsulate(outer: Skb, at: number): Skb | undefined {
  const view = viewOf(outer.bytes);
  if (at + ETHERNET_LENGTH > outer.bytes.length) return undefined;
  const vlans: number[] = [];
  let network = at + ETHERNET_LENGTH;
  while (view.getUint16(network - 2) === VLAN_TYPE && network + 4 <= outer.bytes.length) {
    vlans.push(view.getUint16(network) & 0xfff);
    network += 4;
  }
  const type = view.getUint16(network - 2);
  if (type !== ETHER_TYPE[4] && type !== ETHER_TYPE[6]) return undefined;
  const bytes = outer.bytes.slice(network);
  const layout = layoutOf(bytes);
  if (!layout) return undefined;
  return {
    ...layout,
    bytes: bytes.length > layout.length ? bytes.slice(0, layout.length) : bytes,
    mark: outer.mark,
    priority: 0,
    packetType: 'host',
    etherDestination: getUint48(view, at),
    etherSource: getUint48(view, at + 6),
    vlans,
    time: outer.time,
    local: false,
    origin: outer.origin,
    ...(outer.inner?.skb.optionsCut && { optionsCut: true as const }),
  };
}

/** Devices of other namespaces that a broadcast frame from this one reaches; `complete`: every node that it is sent to is known. */
export function floodedTo(
  net: Net,
  device: Device,
  nets: Iterable<Net>,
):
  | { readonly ends: readonly { readonly net: Net; readonly name: string }[]; readonly complete: boolean }
  | undefined {
  const vxlan = vxlanOf(device);
  if (!vxlan) return undefined;
  const remotes = remotesOf(net, vxlan, undefined);
  if (remotes === undefined) return { ends: [], complete: false };
  // An agent writes neighbours without an entry for all: who has not dumped them may have had them.
  const toldByAgent = remotes.length > 0 || net.netns.neighbours !== undefined;
  const all = [...nets];
  const found = remotes.map(({ address, port, vni }) =>
    all.flatMap((other) =>
      vxlansOf(other)
        .filter((each) => each.device !== device && each.vni === vni && each.port === port && each.device.up)
        .filter((each) => each.local === address || owns(other, address) || each.remote === address)
        .map((each) => ({ net: other, name: each.device.name })),
    ),
  );
  return {
    ends: found.flat(),
    complete:
      toldByAgent &&
      found.every((ends) => ends.length > 0) &&
      !remotes.some(({ address }) => isMulticast(address)),
  };
}

function owns(net: Net, ip: Ip): boolean {
  return [...net.devices.values()].some(({ addresses }) => addresses.some(({ address }) => address === ip));
}
