/** nf_nat_inet_fn(), net/netfilter/nf_nat_core.c, and the addresses that MASQUERADE, REDIRECT and NETMAP choose. */
import { formatEndpoint, type Ip } from '../../net/ip.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { Tuple } from '../../skb/tuple.ts';
import type { NatRange } from '../../xtables/context.ts';
import type { Hook } from '../../xtables/rule.ts';
import type { Connection } from '../conntrack/connection.ts';
import { manipIcmpError, manipPacket } from '../conntrack/manip.ts';
import { isInitialized, type Manip, nullBinding, type ResolvedRange, setupNat } from '../conntrack/nat.ts';
import { isIcmp } from '../conntrack/tuple.ts';
import { deviceOf } from '../net.ts';
import { addStep, type Copy, type Run } from '../run.ts';
import { selectAddress4 } from '../source-address.ts';
import { selectAddress6 } from '../source-address6.ts';

export function manipOf(hook: Hook): Manip {
  return hook === 'PREROUTING' || hook === 'OUTPUT' ? 'dst' : 'src';
}

/** Why a NAT hook drops a packet, when it does. */
export interface NatDrop {
  readonly cause: string;
  readonly text: string;
}

/** `chains` walks the nat chains of the hook; it calls applyNat() when a rule asks for a mapping. */
export function natHook(
  run: Run,
  copy: Copy,
  hook: Hook,
  chains: (connection: Connection) => boolean,
): NatDrop | 'stopped' | undefined {
  const { skb, net } = copy;
  const manip = manipOf(hook);
  const tracked = skb.conntrack;
  const connection = tracked?.entry as Connection | undefined;
  if (!tracked || !connection) return undefined;
  const { direction } = tracked;
  if (tracked.state === 'RELATED' && isIcmp(skb.family, skb.protocol) && !connection.expected) {
    return translateError(copy, connection, direction, manip);
  }
  if (tracked.state === 'NEW' || tracked.state === 'RELATED') {
    if (!isInitialized(connection, manip)) {
      if (!chains(connection)) return 'stopped';
      if (!isInitialized(connection, manip)) {
        const range = { ...nullBinding(connection, manip), ...drawing(run, copy) };
        const set = setupNat(net.conntrack, connection, range, manip, skb.time);
        if (!set.done) return noTuple(net.name);
        if (set.assumption !== undefined) run.assumptions.add(`${net.name}: ${set.assumption}`);
      }
    }
  }
  if (
    hook === 'POSTROUTING' &&
    direction === 'original' &&
    connection.masqueradeOut !== undefined &&
    connection.masqueradeOut !== skb.out
  ) {
    net.conntrack.remove(connection);
    return {
      cause: 'route-asymmetric-reply',
      text: `masqueraded as leaving by ${connection.masqueradeOut}, now by ${skb.out}`,
    };
  }
  const change = manipPacket(skb, connection, direction, manip);
  if (change === 'short')
    return { cause: 'flt-rule-drop', text: 'NAT drops what is too short to be rewritten' };
  if (change) {
    if (manip === 'dst' && direction === 'original') copy.translated = true;
    addStep(run, copy, {
      kind: 'nat',
      manip,
      from: endpoint(change.from, manip),
      to: endpoint(change.to, manip),
    });
  }
  return undefined;
}

function translateError(
  copy: Copy,
  connection: Connection,
  direction: 'original' | 'reply',
  manip: Manip,
): NatDrop | undefined {
  if (manipIcmpError(copy.skb, connection, direction, manip)) return undefined;
  return {
    cause: 'flt-rule-drop',
    text: 'NAT drops ICMP errors that it cannot put back: redirects, and quotes that are cut short',
  };
}

function noTuple(name: string): NatDrop {
  return {
    cause: 'nat-snat-ports-exhausted',
    text: `${name}: every tuple that the NAT rule allows is in use`,
  };
}

function endpoint(tuple: Tuple, manip: Manip): string {
  if (isIcmp(tuple.family, tuple.protocol)) {
    return formatEndpoint(manip === 'src' ? tuple.source : tuple.destination, tuple.sourcePort);
  }
  const [ip, port] =
    manip === 'src' ? [tuple.source, tuple.sourcePort] : [tuple.destination, tuple.destinationPort];
  const hasNone = tuple.sourcePort === 0 && tuple.destinationPort === 0;
  return formatEndpoint(ip, hasNone ? undefined : port);
}

/** A NAT target: false drops the packet. */
export function applyNat(run: Run, copy: Copy, connection: Connection, nat: NatRange): boolean {
  const range = resolveRange(run, copy, nat);
  if (!range) return false;
  if (isInitialized(connection, nat.manip)) return true;
  const set = setupNat(copy.net.conntrack, connection, range, nat.manip, copy.skb.time);
  if (!set.done) return false;
  if (set.assumption !== undefined) run.assumptions.add(`${copy.net.name}: ${set.assumption}`);
  if (nat.address.kind === 'masquerade' && copy.skb.out !== undefined) {
    connection.masqueradeOut = copy.skb.out;
  }
  return true;
}

function drawing(run: Run, { net, skb }: Copy): Pick<ResolvedRange, 'drawn'> {
  const { evidence } = run.kernel;
  if (!evidence?.ports) return {};
  return { drawn: () => evidence.ports?.({ namespace: net.name, skb }) ?? [] };
}

function resolveRange(run: Run, copy: Copy, nat: NatRange): ResolvedRange | undefined {
  const common = {
    ...drawing(run, copy),
    ...(nat.ports ? { ports: nat.ports } : {}),
    random: nat.random,
    persistent: nat.persistent,
  };
  const address = resolveAddress(copy, nat);
  if (address === 'keep') return common;
  return address && { address, ...common };
}

function resolveAddress(copy: Copy, nat: NatRange): { min: Ip; max: Ip } | 'keep' | undefined {
  const { skb, net } = copy;
  const { source, destination } = fieldsOf(skb);
  const one = (ip: Ip | undefined) => (ip === undefined ? undefined : { min: ip, max: ip });
  switch (nat.address.kind) {
    case 'range':
      return { min: nat.address.min, max: nat.address.max };
    case 'keep':
      return 'keep';
    case 'netmap': {
      const { address, mask } = nat.address;
      const old = nat.manip === 'src' ? source : destination;
      return one(withNetwork(old, address, mask));
    }
    case 'masquerade': {
      const out = skb.out ?? '';
      const toward = copy.dst?.nexthop ?? destination;
      return one(
        typeof destination === 'number'
          ? selectAddress4(net, out, toward)
          : selectAddress6(net, out, destination),
      );
    }
    case 'redirect':
      if (skb.in === undefined) return one(skb.family === 4 ? 0x7f000001 : 1n);
      return one(primaryAddress(copy, skb.in, destination));
  }
}

/** nf_nat_redirect_ipv4(): the first address of the interface. nf_nat_redirect_ipv6(): the first whose scope suits. */
function primaryAddress(copy: Copy, name: string, destination: Ip): Ip | undefined {
  const { addresses } = deviceOf(copy.net, name);
  if (typeof destination === 'number') {
    return addresses.find(({ address }) => typeof address === 'number')?.address;
  }
  const scope = narrowScope(destination);
  return addresses.find(
    ({ address }) => typeof address === 'bigint' && (scope === undefined || narrowScope(address) === scope),
  )?.address;
}

/** ipv6_addr_scope(), as far as it is narrower than an organisation: 1 host, 2 link, 5 site. */
function narrowScope(ip: bigint): number | undefined {
  if (ip >> 120n === 0xffn) {
    const scope = Number((ip >> 112n) & 15n);
    return scope === 1 || scope === 2 || scope === 5 ? scope : undefined;
  }
  if (ip === 1n) return 1;
  return ip >> 118n === 0x3fan ? 2 : ip >> 118n === 0x3fbn ? 5 : undefined;
}

function withNetwork(old: Ip, network: Ip, mask: Ip): Ip | undefined {
  if (typeof old === 'number' && typeof network === 'number' && typeof mask === 'number') {
    return ((network & mask) | (old & ~mask)) >>> 0;
  }
  if (typeof old === 'bigint' && typeof network === 'bigint' && typeof mask === 'bigint') {
    return (network & mask) | (old & ~mask & ((1n << 128n) - 1n));
  }
  return undefined;
}
