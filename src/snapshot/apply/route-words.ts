/** The words of a route command: iproute_modify() and parse_nexthops() of iproute2, ip/iproute.c. */
import { wordTable } from '../../base/word-table.ts';
import type { RouteType } from '../../dump/records.ts';
import { type Family, familyOf, type Ip, parseIp } from '../../net/ip.ts';
import { type Prefix, parsePrefix } from '../../net/prefix.ts';
import { type Problem, problem, type Words } from './words.ts';

const TYPES: readonly RouteType[] = [
  'unicast',
  'local',
  'broadcast',
  'multicast',
  'anycast',
  'unreachable',
  'blackhole',
  'prohibit',
  'throw',
];

/** What the words of a route command say; a key that was not given is absent. */
export interface GivenRoute {
  readonly family: Family;
  readonly type?: RouteType;
  readonly destination: Prefix;
  readonly table?: string;
  readonly metric?: number;
  readonly tos?: number;
  readonly scope?: string;
  readonly protocol?: string;
  readonly prefsrc?: Ip;
  readonly nexthops: readonly { gateway?: Ip; dev?: string; weight: number; flags: readonly string[] }[];
}

export function parseRoute(words: Words, hint: Family | undefined): GivenRoute | Problem {
  let type: RouteType | undefined;
  const first = words.peek();
  if (first !== undefined && (TYPES as readonly string[]).includes(first)) type = words.take() as RouteType;
  if (words.peek() === 'to') words.take();
  const target = words.take();
  if (target === undefined) return problem('no destination given');
  const rest = words.rest();
  const family = hint ?? (target.includes(':') || rest.some((word) => word.includes(':')) ? 6 : 4);
  const destination = parseDestination(target, family);
  if (!destination) return problem(`${target} is no IPv${family} prefix`);
  if (destination === 'host-bits')
    return problem(`${target} has host bits set: invalid prefix for given prefix length`);
  const given: { -readonly [K in keyof GivenRoute]: GivenRoute[K] } = {
    family,
    destination,
    nexthops: [],
    ...(type ? { type } : {}),
  };
  const hop: { gateway?: Ip; dev?: string; weight: number; flags: string[] } = { weight: 1, flags: [] };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === 'nexthop') {
      const hops = parseNexthops(words);
      if ('problem' in hops) return hops;
      given.nexthops = hops;
      break;
    }
    const fault = word === 'onlink' ? void hop.flags.push('onlink') : parseAttribute(word, words, given, hop);
    if (fault) return fault;
  }
  if (hop.gateway !== undefined || hop.dev !== undefined) given.nexthops = [hop];
  if (given.nexthops.some((each) => each.gateway !== undefined && familyOf(each.gateway) !== family)) {
    return problem('a gateway of another family is not modelled');
  }
  return given;
}

function parseDestination(text: string, family: Family): Prefix | 'host-bits' | undefined {
  const prefix = parsePrefix(text, family);
  if (!prefix || familyOf(prefix.address) !== family) return undefined;
  const slash = text.indexOf('/');
  const typed = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  return typed !== undefined && typed !== prefix.address ? 'host-bits' : prefix;
}

function parseAttribute(
  word: string,
  words: Words,
  given: { -readonly [K in keyof GivenRoute]: GivenRoute[K] },
  hop: { gateway?: Ip; dev?: string },
): Problem | undefined {
  let value = words.take();
  if (word === 'via' && (value === 'inet' || value === 'inet6')) value = words.take();
  if (value === undefined) return problem(`${word} needs a value`);
  switch (word) {
    case 'via': {
      const gateway = parseIp(value);
      if (gateway === undefined) return problem(`${value} is no address`);
      hop.gateway = gateway;
      return undefined;
    }
    case 'dev':
    case 'oif':
      hop.dev = value;
      return undefined;
    case 'src': {
      const source = parseIp(value);
      if (source === undefined) return problem(`${value} is no address`);
      given.prefsrc = source;
      return undefined;
    }
    case 'table':
      given.table = tableName(value);
      return undefined;
    case 'metric':
    case 'priority':
    case 'preference':
      if (!/^\d+$/.test(value)) return problem(`${word} ${value} is no number`);
      given.metric = Number(value);
      return undefined;
    case 'tos':
    case 'dsfield':
      given.tos = Number(value);
      return Number.isNaN(given.tos) ? problem(`${word} ${value} is no number`) : undefined;
    case 'scope':
      given.scope = value === '0' ? 'global' : value === '253' ? 'link' : value === '254' ? 'host' : value;
      return undefined;
    case 'proto':
    case 'protocol':
      given.protocol = value;
      return undefined;
    case 'mtu':
    case 'advmss':
      if (value === 'lock') words.take();
      return undefined;
    case 'pref':
    case 'rtt':
    case 'initcwnd':
    case 'initrwnd':
    case 'quickack':
      return undefined;
    default:
      return problem(`\`${word}\` in a route is not modelled`);
  }
}

function parseNexthops(words: Words): GivenRoute['nexthops'] | Problem {
  const hops: { gateway?: Ip; dev?: string; weight: number; flags: string[] }[] = [];
  let hop: (typeof hops)[number] = { weight: 1, flags: [] };
  hops.push(hop);
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === 'nexthop') {
      hop = { weight: 1, flags: [] };
      hops.push(hop);
    } else if (word === 'onlink') hop.flags.push('onlink');
    else {
      const value = words.take();
      const gateway = word === 'via' && value !== undefined ? parseIp(value) : undefined;
      if (gateway !== undefined) hop.gateway = gateway;
      else if (word === 'dev' && value !== undefined) hop.dev = value;
      else if (word === 'weight' && value !== undefined && /^\d+$/.test(value)) hop.weight = Number(value);
      else return problem(`\`${word} ${value ?? ''}\` in a nexthop is not understood`);
    }
  }
  return hops;
}

export function tableName(text: string): string {
  return TABLES[text] ?? text;
}

const TABLES = wordTable({ '255': 'local', '254': 'main', '253': 'default' });
