/**
 * veth pairs by what the kernel says of them: each end has its own interface index and the other's (IFLA_LINK), which is
 * counted in the other's namespace (IFLA_LINK_NETNSID, drivers/net/veth.c veth_get_iflink()). Indexes repeat from
 * namespace to namespace, so a pair is believed when it is the only one possible, or other facts single it out.
 */
import { rootOf } from '../input/host.ts';
import type { Device } from './link-ref.ts';
import type { Wire } from './topology.ts';

interface Pair {
  readonly a: Device;
  readonly b: Device;
}

export interface VethResult {
  readonly wires: Wire[];
  /** Pairs that are possible but not certain: two devices that each could be the other end of several. */
  readonly ambiguous: readonly Pair[];
}

/** A pair is on one machine. */
export function matchVeths(devices: readonly Device[]): VethResult {
  const machines = [...new Set(devices.map(({ netns }) => netns.host))];
  const found = machines.map((host) => matchOnMachine(devices.filter(({ netns }) => netns.host === host)));
  return {
    wires: found.flatMap(({ wires }) => wires),
    ambiguous: found.flatMap(({ ambiguous }) => ambiguous),
  };
}

function matchOnMachine(devices: readonly Device[]): VethResult {
  const ids = new NetnsIds(devices);
  const made = madePairs(devices);
  const wires: Wire[] = made.map(({ a, b }) => ({ ends: [a.ref, b.ref], by: 'ifindex' }));
  const known = new Set(made.flatMap(({ a, b }) => [a, b]));
  let pairs = possiblePairs(devices.filter((device) => !known.has(device)));
  for (const test of [isNamed, isOnly, isSupported] as const) {
    for (let found = true; found; ) {
      pairs = pairs.filter((pair) => ids.allows(pair.a, pair.b) && ids.allows(pair.b, pair.a));
      const rivals = rivalsOf(pairs);
      const taken = new Set<Device>();
      for (const pair of pairs) {
        const { a, b } = pair;
        const free = !taken.has(a) && !taken.has(b) && ids.allows(a, b) && ids.allows(b, a);
        if (!free || !test(pair, rivals(pair), ids)) continue;
        wires.push({ ends: [a.ref, b.ref], by: 'ifindex' });
        ids.learn(a, b);
        ids.learn(b, a);
        taken.add(a).add(b);
      }
      found = taken.size > 0;
      pairs = pairs.filter((pair) => !taken.has(pair.a) && !taken.has(pair.b));
    }
  }
  return { wires, ambiguous: pairs };
}

/** Both ends came from one command. */
function madePairs(devices: readonly Device[]): Pair[] {
  const first = new Map<number, Device>();
  const pairs: Pair[] = [];
  for (const device of devices) {
    const { pair } = device.link;
    const other = pair === undefined ? undefined : first.get(pair);
    if (other) pairs.push({ a: other, b: device });
    else if (pair !== undefined) first.set(pair, device);
  }
  return pairs;
}

/** The other pairs that one of a pair's devices could belong to. */
function rivalsOf(pairs: readonly Pair[]): (pair: Pair) => readonly Pair[] {
  const byDevice = new Map<Device, Pair[]>();
  for (const pair of pairs) {
    for (const device of [pair.a, pair.b]) {
      const list = byDevice.get(device);
      if (list) list.push(pair);
      else byDevice.set(device, [pair]);
    }
  }
  return (pair) =>
    [pair.a, pair.b].flatMap((device) => (byDevice.get(device) ?? []).filter((other) => other !== pair));
}

function possiblePairs(devices: readonly Device[]): Pair[] {
  const byIndex = new Map<number, Device[]>();
  for (const device of devices) {
    const { index, peerIndex, peerName } = device.link;
    if (!mayBeVeth(device) || index === undefined || (peerIndex === undefined && peerName === undefined))
      continue;
    const list = byIndex.get(index);
    if (list) list.push(device);
    else byIndex.set(index, [device]);
  }
  const all = [...byIndex.values()].flat();
  const pairs: Pair[] = [];
  for (const a of all) {
    const candidates =
      a.link.peerIndex === undefined ? all.filter((b) => b.netns === a.netns) : byIndex.get(a.link.peerIndex);
    for (const b of candidates ?? []) if (a.key < b.key && pointAtEachOther(a, b)) pairs.push({ a, b });
  }
  return pairs;
}

function mayBeVeth({ link }: Device): boolean {
  return (link.kind === undefined || link.kind === 'veth') && !link.flags.includes('LOOPBACK');
}

function pointAtEachOther(a: Device, b: Device): boolean {
  return pointsAt(a, b) && pointsAt(b, a) && !contradicted(a, b) && !contradicted(b, a);
}

/** On a wire there is one neighbour: if `b` is no bridge port, `a` can have resolved only MACs of `b`. */
function contradicted(a: Device, b: Device): boolean {
  if (b.link.master !== undefined || b.link.mac === undefined) return false;
  const macs = (a.netns.neighbours ?? [])
    .filter((entry) => entry.dev === a.link.name && !entry.states.includes('PERMANENT'))
    .map((entry) => entry.mac)
    .filter((mac) => mac !== undefined && mac !== 0);
  return macs.length > 0 && !macs.includes(b.link.mac);
}

function pointsAt(a: Device, b: Device): boolean {
  const { peerIndex, peerName, peerNetnsid, peerNetns } = a.link;
  const same = a.netns === b.netns;
  const elsewhere = peerNetnsid !== undefined || peerNetns !== undefined;
  if (peerIndex !== undefined && peerIndex !== b.link.index) return false;
  // A peer in the same namespace is shown by name, one elsewhere never is.
  if (peerName !== undefined && !elsewhere) return same && peerName === b.link.name;
  return !(elsewhere && same);
}

/** iproute2 names the peer's namespace: nothing else is needed. */
function isNamed({ a, b }: Pair): boolean {
  return (
    (a.link.peerNetns !== undefined && a.link.peerNetns === b.netns.name) ||
    (b.link.peerNetns !== undefined && b.link.peerNetns === a.netns.name) ||
    a.netns === b.netns
  );
}

function isOnly(_pair: Pair, rivals: readonly Pair[]): boolean {
  return rivals.length === 0;
}

/** Of several, the one that the netnsids learned so far, a neighbour entry, the bridge's FDB or a common subnet speaks for. */
function isSupported(pair: Pair, rivals: readonly Pair[], ids: NetnsIds): boolean {
  for (const evidence of [
    (p: Pair) => ids.confirms(p.a, p.b) || ids.confirms(p.b, p.a),
    (p: Pair) => hasSeen(p.a, p.b) || hasSeen(p.b, p.a),
    shareSubnet,
  ]) {
    if (evidence(pair)) return !rivals.some(evidence);
    if (rivals.some(evidence)) return false;
  }
  return false;
}

/** The device, or the bridge it is a port of, knows the other's MAC. */
function hasSeen(a: Device, b: Device): boolean {
  const { mac } = b.link;
  if (mac === undefined) return false;
  const through = [a.link.name, a.link.master];
  return (
    a.netns.fdb?.some((entry) => entry.mac === mac && entry.dev === a.link.name && !entry.permanent) ===
      true || a.netns.neighbours?.some((entry) => entry.mac === mac && through.includes(entry.dev)) === true
  );
}

function shareSubnet({ a, b }: Pair): boolean {
  const networks = (device: Device): Set<string> => {
    const { link, netns } = device;
    const bridge = netns.links?.find((other) => other.name === link.master);
    return new Set([...link.addresses, ...(bridge?.addresses ?? [])].map(networkKey));
  };
  const own = networks(a);
  return [...networks(b)].some((key) => own.has(key));
}

function networkKey(entry: { readonly address: number | bigint; readonly length: number }): string {
  const bits = typeof entry.address === 'number' ? 32n : 128n;
  return `${bits} ${BigInt(entry.address) >> (bits - BigInt(entry.length))} ${entry.length}`;
}

/** Each namespace numbers the namespaces it knows: within one, an id means one namespace and a namespace has one id. */
class NetnsIds {
  private readonly names = new Map<string, string>();
  private readonly ids = new Map<string, number>();

  constructor(devices: readonly Device[]) {
    for (const { netns } of devices) {
      if (netns.netnsid !== undefined) this.set(rootOf(netns.name), netns.netnsid, netns.name);
    }
  }

  learn(from: Device, to: Device): void {
    const { peerNetnsid } = from.link;
    if (peerNetnsid !== undefined) this.set(from.netns.name, peerNetnsid, to.netns.name);
  }

  allows(from: Device, to: Device): boolean {
    const { peerNetnsid } = from.link;
    if (peerNetnsid === undefined) return true;
    const name = this.names.get(`${from.netns.name}\0${peerNetnsid}`);
    if (name !== undefined) return name === to.netns.name;
    return !this.ids.has(`${from.netns.name}\0${to.netns.name}`);
  }

  confirms(from: Device, to: Device): boolean {
    const { peerNetnsid } = from.link;
    return (
      peerNetnsid !== undefined && this.names.get(`${from.netns.name}\0${peerNetnsid}`) === to.netns.name
    );
  }

  private set(from: string, id: number, to: string): void {
    const [name, back] = [`${from}\0${id}`, `${from}\0${to}`];
    if (this.names.has(name) || this.ids.has(back)) return;
    this.names.set(name, to);
    this.ids.set(back, id);
  }
}
