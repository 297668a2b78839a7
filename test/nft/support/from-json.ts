/** An AST straight from `nft -j -a list ruleset`, for running the model on what the kernel has loaded: a second reader, of what tests use alone. */

import { parseIp } from '../../../src/net/ip.ts';
import { PROTOCOL } from '../../../src/net/protocol.ts';
import type { Datatype } from '../../../src/nft/datatype.ts';
import {
  CT_STATE,
  CT_STATUS,
  DATATYPES,
  FIB_TYPE,
  isDatatype,
  PACKET_TYPE,
} from '../../../src/nft/datatype.ts';
import type { Expression } from '../../../src/nft/expression.ts';
import { EXTENSION_HEADERS, IP_OPTIONS, TCP_OPTIONS } from '../../../src/nft/extension-header.ts';
import { HEADERS } from '../../../src/nft/header.ts';
import type { CtKey, MetaKey } from '../../../src/nft/keys.ts';
import type { NftObject } from '../../../src/nft/object.ts';
import type {
  BaseHook,
  NftChain,
  NftFamily,
  NftRule,
  NftRuleset,
  NftTable,
} from '../../../src/nft/ruleset.ts';
import type { KeyPart, NftSet, SetElement } from '../../../src/nft/set.ts';
import type { Operator, SetTarget, Statement } from '../../../src/nft/statement.ts';
import { typeOf } from '../../../src/nft/type-of.ts';
import type { Verdict } from '../../../src/nft/verdict.ts';

// biome-ignore lint/suspicious/noExplicitAny: what the tool prints, taken apart by name.
type Json = any;

const SYMBOLS: Partial<Record<Datatype, Readonly<Record<string, number>>>> = {
  inet_proto: { ...PROTOCOL, 'ipv6-icmp': 58, icmpv6: 58, esp: 50, ah: 51, comp: 108, gre: 47 },
  ct_state: CT_STATE,
  ct_status: CT_STATUS,
  ct_dir: { original: 0, reply: 1 },
  fib_addrtype: FIB_TYPE,
  pkt_type: PACKET_TYPE,
  tcp_flag: { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ecn: 64, cwr: 128 },
  ether_type: { ip: 0x800, ip6: 0x86dd, arp: 0x806, vlan: 0x8100, '8021q': 0x8100 },
  nf_proto: { ipv4: 2, ipv6: 10 },
  iface_type: { ether: 1, loopback: 772 },
  icmp_type: {
    'echo-reply': 0,
    'destination-unreachable': 3,
    redirect: 5,
    'echo-request': 8,
    'time-exceeded': 11,
    'parameter-problem': 12,
    'timestamp-request': 13,
  },
  icmp_code: {
    'net-unreachable': 0,
    'host-unreachable': 1,
    'prot-unreachable': 2,
    'port-unreachable': 3,
    'frag-needed': 4,
    'net-prohibited': 9,
    'host-prohibited': 10,
    'admin-prohibited': 13,
  },
  icmpv6_type: {
    'destination-unreachable': 1,
    'packet-too-big': 2,
    'time-exceeded': 3,
    'parameter-problem': 4,
    'echo-request': 128,
    'echo-reply': 129,
    'nd-neighbor-solicit': 135,
    'nd-neighbor-advert': 136,
    'nd-router-solicit': 133,
    'nd-router-advert': 134,
  },
  icmpv6_code: {
    'no-route': 0,
    'admin-prohibited': 1,
    'addr-unreachable': 3,
    'port-unreachable': 4,
    'policy-fail': 5,
    'reject-route': 6,
  },
  icmpx_code: { 'no-route': 0, 'port-unreachable': 1, 'host-unreachable': 2, 'admin-prohibited': 3 },
  dscp: {
    cs0: 0,
    cs1: 8,
    cs2: 16,
    cs3: 24,
    cs4: 32,
    cs5: 40,
    cs6: 48,
    cs7: 56,
    ef: 46,
    af11: 10,
    af21: 18,
    af41: 34,
    be: 0,
  },
  ecn: { 'not-ect': 0, ect1: 1, ect0: 2, ce: 3 },
  day: { Sunday: 0, Monday: 1, Tuesday: 2, Wednesday: 3, Thursday: 4, Friday: 5, Saturday: 6 },
};

const TEXTS = new Set<Datatype>(['ifname', 'iface_index', 'string']);

export function rulesetFromJson(text: string, path = 'nft.json'): NftRuleset {
  const tables = new Map<string, Json>();
  const chains = new Map<string, Json>();
  const rules = new Map<string, Json[]>();
  let line = 0;
  const items = JSON.parse(text).nftables as Json[];
  const sets = new Map<string, readonly KeyPart[]>();
  const tableOf = (of: Json) => tables.get(`${of.family} ${of.table}`);
  for (const item of items) {
    const span = { path, line: ++line };
    const [kind] = Object.keys(item) as [string];
    const of = item[kind];
    if (kind === 'table') {
      tables.set(`${of.family} ${of.name}`, {
        family: of.family as NftFamily,
        name: of.name,
        flags: of.flags ?? [],
        chains: [],
        sets: [],
        objects: [],
        flowtables: [],
        iptables: ['raw', 'mangle', 'nat', 'filter', 'security'].includes(of.name),
        span,
      } satisfies Record<keyof Omit<NftTable, 'comment' | 'handle'>, unknown>);
    } else if (kind === 'chain') {
      const base: BaseHook | undefined =
        of.hook === undefined
          ? undefined
          : {
              type: of.type,
              hook: of.hook,
              priority: of.prio,
              devices: of.dev === undefined ? [] : [of.dev].flat(),
              policy: of.policy,
            };
      const chain: NftChain = {
        name: of.name,
        ...(base ? { base } : {}),
        rules: [],
        handle: of.handle,
        span,
      };
      tableOf(of).chains.push(chain);
      chains.set(`${of.family} ${of.table} ${of.name}`, chain);
    } else if (kind === 'set' || kind === 'map') {
      const key = [of.type].flat().map(partOf);
      sets.set(`${of.family} ${of.table} ${of.name}`, key);
      const value = of.map && of.map !== 'verdict' ? [of.map].flat().map(partOf) : undefined;
      const set: NftSet = {
        name: of.name,
        key,
        ...(of.map === undefined
          ? {}
          : { data: of.map === 'verdict' ? { kind: 'verdict' } : { kind: 'value', type: value ?? [] } }),
        flags: of.flags ?? [],
        ...(of.timeout === undefined ? {} : { timeout: of.timeout * 1000 }),
        ...(of.size === undefined ? {} : { size: of.size }),
        statements: (of.stmt ?? []).map((each: Json) => statement(each)),
        elements: (of.elem ?? []).map((each: Json) => element(each, key, value)),
        span,
      };
      tableOf(of).sets.push(set);
    } else if (kind === 'rule') {
      const key = `${of.family} ${of.table} ${of.chain}`;
      const made: NftRule = {
        statements: of.expr.map((each: Json) => statement(each)),
        handle: of.handle,
        ...(of.comment === undefined ? {} : { comment: of.comment }),
        text: JSON.stringify(of.expr),
        span,
      };
      chains.get(key).rules.push(made);
      rules.set(key, []);
    } else if (kind === 'counter' || kind === 'quota' || kind === 'limit') {
      const value = kind === 'counter' ? { kind: 'counter' } : kind === 'quota' ? quota(of) : limit(of);
      tableOf(of).objects.push({ kind, name: of.name, value, span } as NftObject);
    } else if (kind === 'ct helper') {
      tableOf(of).objects.push({
        kind,
        name: of.name,
        helper: of.type,
        protocol: PROTOCOL[of.protocol as keyof typeof PROTOCOL],
        span,
      } as NftObject);
    }
  }
  return { tables: [...tables.values()], path };
}

function partOf(name: string): KeyPart {
  if (!isDatatype(name)) throw new Error(`datatype ${name}`);
  return { type: name, bits: DATATYPES[name].bits };
}

function statement(json: Json): Statement {
  const [kind] = Object.keys(json) as [string];
  const of = json[kind];
  switch (kind) {
    case 'match': {
      const left = expression(of.left);
      const op: Operator = of.op === 'in' ? 'implicit' : of.op;
      const right =
        typeof of.right === 'boolean'
          ? ({ kind: 'constant', type: 'boolean', value: of.right ? 1n : 0n } as const)
          : expression(of.right, keyTypes(left));
      return { kind: 'match', op, left, right };
    }
    case 'accept':
    case 'drop':
    case 'continue':
    case 'return':
    case 'jump':
    case 'goto':
      return { kind: 'verdict', verdict: verdict(json) };
    case 'vmap': {
      const key = expression(of.key);
      return { kind: 'vmap', key, data: expression(of.data, keyTypes(key)) };
    }
    case 'counter':
      return typeof of === 'string'
        ? object('counter', of)
        : of === null
          ? { kind: 'counter' }
          : typeof of === 'object' && 'map' in of
            ? { kind: 'object', object: 'counter', name: expression(of) }
            : { kind: 'counter', packets: of.packets, bytes: of.bytes };
    case 'limit':
      return typeof of === 'string' ? object('limit', of) : limit(of);
    case 'quota':
      return typeof of === 'string' ? object('quota', of) : quota(of);
    case 'ct helper':
      return object('ct helper', of);
    case 'ct count':
      return { kind: 'ct count', over: of.inv ?? false, count: of.val };
    case 'log':
      return { kind: 'log', flags: [] };
    case 'notrack':
      return { kind: 'notrack' };
    case 'reject': {
      if (of === null || of.type === undefined) return { kind: 'reject', with: 'default' };
      if (of.type === 'tcp reset') return { kind: 'reject', with: 'tcp reset' };
      const codes = SYMBOLS[`${of.type}_code` as Datatype] ?? SYMBOLS.icmp_code;
      const code = typeof of.expr === 'number' ? of.expr : codes?.[of.expr];
      return { kind: 'reject', with: of.type, ...(code === undefined ? {} : { code }) };
    }
    case 'snat':
    case 'dnat':
    case 'masquerade':
    case 'redirect': {
      const type = of?.family === 'ip6' ? 'ipv6_addr' : 'ipv4_addr';
      const address = of?.addr === undefined ? undefined : natAddress(of.addr, type);
      return {
        kind: 'nat',
        type: kind,
        ...(of?.family === undefined ? {} : { family: of.family }),
        ...(address ? { address } : {}),
        ...(of?.port === undefined ? {} : { port: expression(of.port, [partOf('inet_service')]) }),
        ...([of?.type_flags].flat().includes('prefix') ? { prefix: true } : {}),
        flags: [of?.flags ?? []].flat(),
      };
    }
    case 'mangle': {
      const target = expression(of.key) as SetTarget;
      const type = typeOf(target);
      return { kind: 'set', target, value: expression(of.value, type ? [type] : undefined) };
    }
    case 'set': {
      const elem = of.elem.elem ?? { val: of.elem };
      return {
        kind: 'update',
        op: of.op,
        set: of.set.slice(1),
        element: {
          key: expression(elem.val),
          ...(elem.timeout === undefined ? {} : { timeout: elem.timeout * 1000 }),
          ...(of.stmt ? { statements: of.stmt.map(statement) } : {}),
        },
      };
    }
    case 'map': {
      const elem = of.elem.elem ?? { val: of.elem };
      return {
        kind: 'update',
        op: of.op,
        set: of.map.slice(1),
        element: { key: expression(elem.val), data: expression(of.data) },
      };
    }
    case 'dup':
      return {
        kind: 'dup',
        ...(of.addr === undefined
          ? {}
          : { address: expression(of.addr, [partOf(of.addr.includes?.(':') ? 'ipv6_addr' : 'ipv4_addr')]) }),
        ...(of.dev === undefined ? {} : { device: expression(of.dev, [partOf('ifname')]) }),
      };
    case 'meter':
      return {
        kind: 'meter',
        name: of.name,
        key: expression(of.key),
        statements: [of.stmt].flat().map(statement),
      };
    default:
      return { kind: 'unknown', text: JSON.stringify(json), why: `statement ${kind}` };
  }
}

function natAddress(json: Json, type: Datatype): Expression {
  if (json.map) {
    const key = expression(json.map.key);
    if (typeof json.map.data === 'string') return expression(json);
    const elements = json.map.data.set.map(
      ([k, v]: Json): SetElement => ({
        key: expression(k.elem?.val ?? k, keyTypes(key)),
        data: expression(v, [partOf(type), partOf('inet_service')]),
      }),
    );
    return { kind: 'map', key, data: { kind: 'set', elements } };
  }
  return expression(json, [partOf(type)]);
}

function object(kind: 'counter' | 'limit' | 'quota' | 'ct helper', name: string): Statement {
  return {
    kind: 'object',
    object: kind,
    name: { kind: 'text', type: 'string', value: name, wildcard: false },
  };
}

const UNITS: Readonly<Record<string, number>> = { bytes: 1, kbytes: 1024, mbytes: 1048576 };
const PER: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86400, week: 604800 };

function limit(of: Json): Extract<Statement, { kind: 'limit' }> {
  const inBytes = of.rate_unit !== undefined && of.rate_unit !== 'packets';
  return {
    kind: 'limit',
    over: of.inv ?? false,
    rate: of.rate * (inBytes ? (UNITS[of.rate_unit] ?? 1) : 1),
    unit: inBytes ? 'bytes' : 'packets',
    per: PER[of.per] as 1,
    burst: (of.burst ?? 0) * (inBytes ? (UNITS[of.burst_unit ?? 'bytes'] ?? 1) : 1),
  };
}

function quota(of: Json): Extract<Statement, { kind: 'quota' }> {
  return {
    kind: 'quota',
    over: of.inv ?? false,
    bytes: of.bytes ?? of.val * (UNITS[of.val_unit] ?? 1),
    used: of.used ?? 0,
  };
}

function verdict(json: Json): Verdict {
  const [kind] = Object.keys(json) as [Verdict['kind']];
  return kind === 'jump' || kind === 'goto' ? { kind, chain: json[kind].target } : { kind };
}

function keyTypes(left: Expression): readonly KeyPart[] | undefined {
  const parts = left.kind === 'concat' ? left.parts : [left];
  const types = parts.map(typeOf);
  return types.every((type) => type !== undefined) ? types : undefined;
}

function element(json: Json, key: readonly KeyPart[] | undefined, data?: readonly KeyPart[]): SetElement {
  if (Array.isArray(json)) {
    const made = element(json[0], key);
    return {
      ...made,
      data:
        typeof json[1] === 'object' && isVerdict(json[1])
          ? { kind: 'verdict', verdict: verdict(json[1]) }
          : expression(json[1], data),
    };
  }
  if (json?.elem) {
    const { val, timeout, expires, ...rest } = json.elem;
    const carried = ['counter', 'limit', 'quota', 'ct count'].filter((name) => name in rest);
    return {
      key: expression(val, key),
      ...(timeout === undefined ? {} : { timeout: timeout * 1000 }),
      ...(expires === undefined ? {} : { expires: expires * 1000 }),
      ...(carried.length > 0 ? { statements: carried.map((name) => statement({ [name]: rest[name] })) } : {}),
    };
  }
  return { key: expression(json, key) };
}

function isVerdict(json: Json): boolean {
  const [kind] = Object.keys(json ?? {});
  return ['accept', 'drop', 'continue', 'return', 'jump', 'goto'].includes(kind ?? '');
}

export function expression(json: Json, types?: readonly KeyPart[]): Expression {
  const [type] = types ?? [];
  if (typeof json === 'number')
    return { kind: 'constant', type: type?.type ?? 'integer', value: BigInt(json) };
  if (typeof json === 'string') return word(json, type);
  if (Array.isArray(json)) return { kind: 'list', items: json.map((each) => expression(each, types)) };
  const [kind] = Object.keys(json) as [string];
  const of = json[kind];
  switch (kind) {
    case 'set':
      return { kind: 'set', elements: of.map((each: Json) => element(each, types)) };
    case 'range':
      return { kind: 'range', from: expression(of[0], types), to: expression(of[1], types) };
    case 'prefix':
      return { kind: 'prefix', address: expression(of.addr, types), length: of.len };
    case 'concat':
      return {
        kind: 'concat',
        parts: of.map((each: Json, i: number) => expression(each, types?.[i] && [types[i]])),
      };
    case 'elem':
      return expression(of.val, types);
    case 'map': {
      const key = expression(of.key);
      if (typeof of.data === 'string')
        return { kind: 'map', key, data: { kind: 'set-ref', name: of.data.slice(1) } };
      const elements = of.data.set.map((pair: Json) => element(pair, keyTypes(key), types));
      return { kind: 'map', key, data: { kind: 'set', elements } };
    }
    case 'meta':
      return { kind: 'meta', key: of.key as MetaKey };
    case 'ct': {
      const [family, key] = of.key.includes(' ') ? of.key.split(' ') : [of.family, of.key];
      return {
        kind: 'ct',
        key: key as CtKey,
        ...(of.dir === undefined ? {} : { direction: of.dir }),
        ...(family === undefined ? {} : { family }),
      };
    }
    case 'payload': {
      if (of.base !== undefined) {
        return { kind: 'payload', base: of.base, offset: of.offset, bits: of.len, type: 'integer' };
      }
      const info = HEADERS()[of.protocol];
      const field = info?.fields[of.field];
      if (!info || !field) return { kind: 'unknown', text: JSON.stringify(json), why: 'payload' };
      return {
        kind: 'payload',
        header: { protocol: of.protocol, field: of.field },
        base: info.base,
        ...field,
      };
    }
    case 'exthdr': {
      const info = EXTENSION_HEADERS()[of.name];
      const field = of.field === undefined ? undefined : info?.fields[of.field];
      return {
        kind: 'exthdr',
        header: of.name,
        number: info?.number ?? 0,
        ...(of.field === undefined ? {} : { field: of.field }),
        ...(field ?? { offset: 0, bits: 0, type: 'boolean' }),
      };
    }
    case 'tcp option':
    case 'ip option': {
      const header = kind === 'tcp option' ? 'tcp' : 'ip';
      const info = (header === 'tcp' ? TCP_OPTIONS() : IP_OPTIONS())[of.name];
      const field = of.field === undefined ? undefined : info?.fields[of.field];
      return {
        kind: 'option',
        header,
        name: of.name,
        number: info?.number ?? 0,
        ...(of.field === undefined ? {} : { field: of.field }),
        ...(field ?? { offset: 0, bits: 0, type: 'boolean' }),
      };
    }
    case 'fib':
      return { kind: 'fib', flags: of.flags, result: of.result };
    case 'rt':
      return { kind: 'rt', key: of.key, ...(of.family === undefined ? {} : { family: of.family }) };
    case 'numgen':
      return { kind: 'numgen', mode: of.mode, mod: of.mod, offset: of.offset ?? 0 };
    case 'jhash':
      return {
        kind: 'jhash',
        expression: expression(of.expr),
        mod: of.mod,
        ...(of.seed === undefined ? {} : { seed: of.seed }),
        offset: of.offset ?? 0,
      };
    case '&':
    case '|':
    case '^':
    case '<<':
    case '>>': {
      const left = expression(of[0], types);
      const inner = typeOf(left);
      return { kind: 'binary', op: kind, left, right: expression(of[1], types ?? (inner && [inner])) };
    }
    case 'jump':
    case 'goto':
    case 'accept':
    case 'drop':
      return { kind: 'verdict', verdict: verdict(json) };
    default:
      return { kind: 'unknown', text: JSON.stringify(json), why: `expression ${kind}` };
  }
}

function word(text: string, type: KeyPart | undefined): Expression {
  if (text === '*') return { kind: 'any' };
  if (text.startsWith('@')) return { kind: 'set-ref', name: text.slice(1) };
  if (type && TEXTS.has(type.type)) {
    const wildcard = text.endsWith('*');
    return { kind: 'text', type: type.type, value: wildcard ? text.slice(0, -1) : text, wildcard };
  }
  if (type?.type === 'classid' && /^[0-9a-f]+:[0-9a-f]+$/.test(text)) {
    const [major = '', minor = ''] = text.split(':');
    const value = (BigInt(`0x${major}`) << 16n) | BigInt(`0x${minor}`);
    return { kind: 'constant', type: 'classid', value };
  }
  const symbol = type && SYMBOLS[type.type]?.[text];
  if (symbol !== undefined) return { kind: 'constant', type: type?.type ?? 'integer', value: BigInt(symbol) };
  if (/^(?:0x[0-9a-f]+|\d+)$/.test(text))
    return { kind: 'constant', type: type?.type ?? 'integer', value: BigInt(text) };
  if (/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(text)) {
    return { kind: 'constant', type: 'ether_addr', value: BigInt(`0x${text.replaceAll(':', '')}`) };
  }
  const ip = parseIp(text);
  if (ip !== undefined) {
    return { kind: 'constant', type: typeof ip === 'number' ? 'ipv4_addr' : 'ipv6_addr', value: BigInt(ip) };
  }
  return { kind: 'unknown', text, why: `the word ${text} for ${type?.type}` };
}
