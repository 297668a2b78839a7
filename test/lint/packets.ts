/** Random packets that a rule by itself matches, made of its own words and of what the rules around it name, at the borders; no sets of packets are asked. */
import { once } from '../../src/base/memo.ts';
import type { Ip } from '../../src/net/ip.ts';
import type { PacketType } from '../../src/skb/skb.ts';
import { isUnparsed } from '../../src/xtables/extension.ts';
import type { IcmpTest } from '../../src/xtables/names/icmp.ts';
import type { AddressMatch, InterfaceMatch, Rule, Table } from '../../src/xtables/rule.ts';

/** A number from 0 to below 1: mulberry32, so that a run can be had again. */
export type Random = () => number;

export function randomFrom(seed: number): Random {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What a packet is to be; what is left out is ordinary. */
export interface Draft {
  source: Ip;
  destination: Ip;
  protocol: number;
  sourcePort: number;
  destinationPort: number;
  icmpType: number;
  icmpCode: number;
  tcpFlags: number;
  ttl: number;
  tos: number;
  mark: number;
  connmark: number;
  length: number;
  state: (typeof STATES)[number];
  reply: boolean;
  /** Its connection is translated, where it can be by then. */
  sourceNat: boolean;
  destinationNat: boolean;
  iif: string;
  oif: string;
  physin: string;
  physout: string;
  mac: number;
  type: PacketType;
}

const STATES = ['NEW', 'ESTABLISHED', 'RELATED', 'INVALID'] as const;
const NATS = [
  ['SNAT', 'sourceNat'],
  ['DNAT', 'destinationNat'],
] as const;
const FIELD_POOLS = [
  'protocol',
  'port',
  'icmpType',
  'mark',
  'tcpFlags',
  'ttl',
  'tos',
  'length',
  'mac',
] as const;

/** Values that rules of a table name, with their neighbours. */
interface Pools {
  readonly addresses: Ip[];
  readonly names: string[];
  readonly numbers: Record<(typeof FIELD_POOLS)[number], number[]>;
}

type Info = Readonly<Record<string, unknown>>;
interface Span {
  readonly min: Ip;
  readonly max: Ip;
}

export class Packets {
  private readonly family: 4 | 6;
  private readonly random: Random;
  private readonly all: Pools;

  constructor(table: Table, family: 4 | 6, random: Random) {
    this.family = family;
    this.random = random;
    this.all = poolsOfTable(table);
  }

  /**
   * One that has all that these rules ask for, as far as it goes together; of two that ask for different things, what the later one
   * asks. `near` are rules whose borders are tried.
   */
  draft(rules: readonly Rule[], near: Pools = this.all): Draft {
    const pools = this.chance(0.7) ? near : this.all;
    const number = (field: keyof Pools['numbers'], max: number): number =>
      this.chance(0.6) && pools.numbers[field].length > 0
        ? this.one(pools.numbers[field])
        : Math.floor(this.random() * (max + 1));
    const name = (): string =>
      pools.names.length > 0 && this.chance(0.8) ? this.one(pools.names) : 'other0';
    const draft: Draft = {
      source: this.address(pools),
      destination: this.address(pools),
      protocol: this.chance(0.6) ? this.one([6, 17, this.family === 4 ? 1 : 58]) : number('protocol', 255),
      sourcePort: number('port', 65535),
      destinationPort: number('port', 65535),
      icmpType: number('icmpType', 255),
      icmpCode: this.chance(0.5) ? 0 : Math.floor(this.random() * 16),
      tcpFlags: this.chance(0.5) ? this.one([2, 16, 18, 4, 24]) : number('tcpFlags', 63),
      ttl: Math.max(1, number('ttl', 255)),
      tos: this.chance(0.6) ? 0 : number('tos', 255),
      mark: this.chance(0.4) ? 0 : number('mark', 0xffff),
      connmark: this.chance(0.4) ? 0 : number('mark', 0xffff),
      length: number('length', 1500),
      state: this.one(STATES),
      reply: this.chance(0.5),
      sourceNat: this.chance(0.2),
      destinationNat: this.chance(0.2),
      iif: name(),
      oif: name(),
      physin: this.chance(0.7) ? '' : name(),
      physout: this.chance(0.7) ? '' : name(),
      mac: number('mac', 0xffffffff),
      type: this.one(['host', 'host', 'broadcast', 'multicast'] as const),
    };
    for (const rule of rules) this.want(draft, rule, pools);
    return draft;
  }

  /** What the rule asks for, wherever it asks for something and doesn't only leave something out. */
  private want(draft: Draft, rule: Rule, pools: Pools): void {
    if (rule.protocol && !rule.protocol.invert) draft.protocol = rule.protocol.protocol;
    if (rule.source && !rule.source.invert) draft.source = this.within(spanOf(rule.source), pools);
    if (rule.destination && !rule.destination.invert)
      draft.destination = this.within(spanOf(rule.destination), pools);
    if (rule.in && !rule.in.invert) draft.iif = this.nameOf(rule.in, pools);
    if (rule.out && !rule.out.invert) draft.oif = this.nameOf(rule.out, pools);
    for (const { name, info } of rule.matches)
      if (!isUnparsed(info)) this.wantMatch(draft, name, info as Info, pools);
  }

  private wantMatch(draft: Draft, name: string, info: Info, pools: Pools): void {
    for (const { side, range, invert } of this.shuffled(portsOf(name, info))) {
      if (invert) continue;
      const port = Number(
        this.within({ min: range.min, max: range.max }, { ...pools, addresses: pools.numbers.port }),
      );
      if (side === 'source' || (side === 'both' && this.chance(0.5))) draft.sourcePort = port;
      else draft.destinationPort = port;
    }
    switch (name) {
      case 'tcp': {
        const flags = info.flags as { mask: number; compare: number; invert: boolean } | undefined;
        if (flags && !flags.invert) draft.tcpFlags = (draft.tcpFlags & ~flags.mask) | flags.compare;
        break;
      }
      case 'icmp':
      case 'icmp6': {
        const { type, minCode, maxCode, any, invert } = info as unknown as IcmpTest & {
          readonly invert: boolean;
        };
        if (invert || any) break;
        draft.icmpType = type;
        draft.icmpCode = minCode + Math.floor(this.random() * (maxCode - minCode + 1));
        break;
      }
      case 'state':
      case 'conntrack': {
        const words = (info.states ?? (info.state as Info | undefined)?.value) as string[] | undefined;
        const invert = Boolean(name === 'state' ? info.invert : (info.state as Info | undefined)?.invert);
        const fit = STATES.filter((state) => words === undefined || words.includes(state) !== invert);
        if (fit.length > 0) draft.state = this.one(fit);
        for (const [word, field] of NATS) {
          if (!words?.includes(word) || invert || !this.chance(fit.length > 0 ? 0.3 : 1)) continue;
          draft.state = this.one(['ESTABLISHED', 'RELATED']);
          draft[field] = true;
        }
        if (info.direction) draft.reply = info.direction === 'REPLY';
        break;
      }
      case 'mark':
      case 'connmark': {
        if (info.invert === true) break;
        const { value, mask } = info as { value: number; mask: number };
        draft[name] = ((draft[name] & ~mask) | value) >>> 0;
        break;
      }
      case 'iprange':
        for (const key of ['source', 'destination'] as const) {
          const range = info[key] as (Span & { invert: boolean }) | undefined;
          if (range && !range.invert) draft[key] = this.within(range, pools);
        }
        break;
      case 'ttl':
      case 'hl':
        if (info.relation === 'eq' && info.invert !== true) draft.ttl = Number(info.value);
        break;
      case 'length':
        if (info.invert !== true)
          draft.length = Number(
            this.within(info as unknown as Span, { ...pools, addresses: pools.numbers.length }),
          );
        break;
      case 'mac':
        if (info.invert !== true) draft.mac = Number(info.mac);
        break;
      case 'dscp':
        if (info.invert !== true) draft.tos = Number(info.dscp) << 2;
        break;
      case 'tos':
        if (info.invert !== true) draft.tos = Number(info.value);
        break;
      case 'pkttype':
        if (info.invert !== true) draft.type = info.type === 'unicast' ? 'host' : (info.type as PacketType);
        break;
      case 'physdev':
        for (const [key, field] of [
          ['in', 'physin'],
          ['out', 'physout'],
        ] as const) {
          const port = info[key] as { name: string; invert: boolean } | undefined;
          if (port && !port.invert) draft[field] = port.name.replace(/\+$/, '7');
        }
        if (info.isIn && !draft.physin) draft.physin = 'port0';
        if ((info.isOut || info.isBridged) && !draft.physout) draft.physout = 'port1';
        if (info.isBridged && !draft.physin) draft.physin = 'port0';
        break;
    }
  }

  private address(pools: Pools): Ip {
    if (pools.addresses.length > 0 && this.chance(0.7)) return this.one(pools.addresses);
    return this.within(this.whole, pools, 0);
  }

  private get whole(): Span {
    return this.family === 4 ? { min: 0, max: 0xffffffff } : { min: 0n, max: (1n << 128n) - 1n };
  }

  /** Of what is named and lies in it, or anything in it. */
  private within({ min, max }: Span, { addresses }: Pick<Pools, 'addresses'>, named = 0.5): Ip {
    if (this.chance(named)) {
      const fit = addresses.filter((value) => value >= min && value <= max);
      if (fit.length > 0) return this.one(fit);
    }
    if (typeof min === 'number') return min + Math.floor(this.random() * (Number(max) - min + 1));
    let bits = 0n;
    for (let i = 0; i < 4; i++) bits = (bits << 32n) | BigInt(Math.floor(this.random() * 0x100000000));
    return min + (bits % (BigInt(max) - min + 1n));
  }

  private nameOf({ name, wildcard }: InterfaceMatch, { names }: Pools): string {
    if (!wildcard) return name;
    const fit = names.filter((each) => each.startsWith(name));
    return fit.length > 0 && this.chance(0.5) ? this.one(fit) : `${name}7`.slice(0, 15);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  one<T>(values: readonly T[]): T {
    return values[Math.floor(this.random() * values.length)] as T;
  }

  private shuffled<T>(values: readonly T[]): T[] {
    return values
      .map((value) => ({ value, at: this.random() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ value }) => value);
  }
}

/** Packets are made for each rule of a table in turn: what its thousands of rules name is gathered once. */
const poolsOfTable = once((table: Table) =>
  poolsOf([...table.chains.values()].flatMap(({ rules }) => rules)),
);

/** What the rules name, and its borders. */
export function poolsOf(rules: readonly Rule[]): Pools {
  const addresses: Ip[] = [];
  const names = new Set<string>();
  const numbers = Object.fromEntries(FIELD_POOLS.map((field) => [field, [] as number[]])) as Pools['numbers'];
  const range = (field: keyof Pools['numbers'], { min, max }: { min: number; max: number }): void => {
    numbers[field].push(min, max, max + 1, Math.max(0, min - 1));
  };
  for (const rule of rules) {
    for (const match of [rule.source, rule.destination]) if (match) addresses.push(...borders(spanOf(match)));
    for (const device of [rule.in, rule.out])
      if (device) names.add(device.wildcard ? `${device.name}7` : device.name);
    if (rule.protocol) numbers.protocol.push(rule.protocol.protocol);
    for (const { name, info } of rule.matches) {
      if (isUnparsed(info)) continue;
      const at = info as Info;
      for (const ports of portsOf(name, at)) range('port', ports.range);
      for (const key of ['source', 'destination'] as const)
        if (name === 'iprange' && at[key]) addresses.push(...borders(at[key] as Span));
      if (name === 'icmp' || name === 'icmp6') numbers.icmpType.push(Number(at.type ?? 0));
      if (name === 'mark' || name === 'connmark') numbers.mark.push(Number(at.value ?? 0) >>> 0);
      if (name === 'ttl' || name === 'hl') range('ttl', { min: Number(at.value), max: Number(at.value) });
      if (name === 'tos') numbers.tos.push(Number(at.value ?? 0));
      if (name === 'dscp') numbers.tos.push(Number(at.dscp ?? 0) << 2);
      if (name === 'length') range('length', at as unknown as { min: number; max: number });
      if (name === 'mac') numbers.mac.push(Number(at.mac));
      if (name === 'tcp' && at.flags) numbers.tcpFlags.push(Number((at.flags as Info).compare ?? 0));
    }
  }
  return { addresses, names: [...names], numbers };
}

function spanOf({ address, mask }: AddressMatch): Span {
  if (typeof address === 'number') return { min: address, max: (address | ~Number(mask)) >>> 0 };
  return { min: address, max: address | (((1n << 128n) - 1n) ^ BigInt(mask)) };
}

interface PortTest {
  readonly side: 'source' | 'destination' | 'both';
  readonly range: { readonly min: number; readonly max: number };
  readonly invert: boolean;
}

function portsOf(name: string, info: Info): PortTest[] {
  if (name === 'multiport') {
    const { which, ports, invert } = info as unknown as {
      which: 'sports' | 'dports' | 'ports';
      ports: { min: number; max: number }[];
      invert: boolean;
    };
    const side = which === 'sports' ? 'source' : which === 'dports' ? 'destination' : 'both';
    return ports.map((range) => ({ side, range, invert }));
  }
  if (!['tcp', 'udp', 'udplite', 'sctp', 'dccp'].includes(name)) return [];
  return (['source', 'destination'] as const).flatMap((side) => {
    const test = info[side] as { min: number; max: number; invert: boolean } | undefined;
    return test ? [{ side, range: test, invert: test.invert }] : [];
  });
}

function borders({ min, max }: Span): Ip[] {
  if (typeof min === 'bigint') return [min, BigInt(max), ...(min > 0n ? [min - 1n] : [])];
  return [min, Number(max), ...(min > 0 ? [min - 1] : []), ...(max < 0xffffffff ? [Number(max) + 1] : [])];
}
