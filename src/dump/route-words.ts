/** The words of a route as `ip route` prints them behind the destination: iproute2 ip/iproute.c, print_route(). */

import { type Family, familyOf, type Ip, parseIp } from '../net/ip.ts';
import { parseDsfield } from './dsfield.ts';
import { parseNumber } from './fields.ts';
import { parseRealms } from './realms.ts';
import type { Nexthop } from './records.ts';
import { nexthop, protocolNameOf, scopeName, tableName } from './route-record.ts';
import type { Words } from './words.ts';

/** Flags that `ip route` prints as single words: RTNH_F_*, RTM_F_*, and what it writes for a cloned route. */
const FLAGS = new Set(
  'onlink linkdown dead pervasive offload offload_failed trap rt_offload rt_trap rt_offload_failed unresolved notify cloned equalize'.split(
    ' ',
  ),
);

/** Words that are followed by a value, which is kept as an attribute. */
const VALUED = new Set(
  'from nhid advmss window rtt rttvar ssthresh cwnd initcwnd initrwnd quickack congctl rto_min features hoplimit reordering fastopen_no_cookie expires pref realm realms users age error used tsage ttl-propagate uid ipid id iif'.split(
    ' ',
  ),
);

export function parseAttributes(words: Words) {
  const parts = {
    table: '',
    metric: 0,
    tos: undefined as number | undefined,
    scope: undefined as string | undefined,
    protocol: undefined as string | undefined,
    prefsrc: undefined as Ip | undefined,
    family: undefined as Family | undefined,
    mtu: undefined as number | undefined,
    mtuLocked: false,
    attributes: {} as Record<string, string>,
    flags: [] as string[],
    hops: [] as Nexthop[],
    unknown: [] as string[],
    /** A gateway that can't be read: without it, it would be another route. */
    broken: false,
  };
  let gateway: Ip | undefined;
  let dev: string | undefined;
  while (!words.done) {
    const word = words.next();
    if (word === 'via') {
      const via = takeGateway(words);
      gateway = via.gateway;
      parts.broken ||= gateway === undefined;
      if (!via.foreign && gateway !== undefined) parts.family = familyOf(gateway);
    } else if (word === 'dev') words.value((name) => (dev = name));
    else if (word === 'table') words.value((table) => (parts.table = tableName(table)));
    else if (word === 'proto' || word === 'protocol')
      words.value((name) => (parts.protocol = protocolNameOf(name)));
    else if (word === 'scope') words.value((scope) => (parts.scope = scopeName(scope)));
    else if (word === 'src') {
      parts.prefsrc = parseIp(words.next());
      if (parts.prefsrc !== undefined) parts.family ??= familyOf(parts.prefsrc);
    } else if (word === 'metric') parts.metric = parseNumber(words.next()) ?? 0;
    else if (word === 'tos' || word === 'dsfield') {
      const value = words.next();
      parts.tos = parseDsfield(value);
      if (parseNumber(value) === undefined) parts.attributes.tos = value;
    } else if (word === 'mtu') {
      parts.mtuLocked = words.skip('lock');
      parts.mtu = parseNumber(words.next());
    } else if (word === 'encap') parts.attributes.encap = takeEncap(words);
    else if (word === 'nexthop') {
      parts.hops.push(parseNexthop(words));
    } else if (word === 'weight') words.next();
    else if (VALUED.has(word)) {
      const lock = words.skip('lock') ? 'lock ' : '';
      parts.attributes[word] = lock + words.next().replace(/^(\d+)(?:sec|ms)$/, '$1');
      if (word === 'pref' || word === 'error') parts.family ??= 6;
    } else if (FLAGS.has(word)) parts.flags.push(word);
    else {
      parts.unknown.push(word);
      if (!/^[a-z][\w-]*$/.test(word)) break;
    }
  }
  if (gateway !== undefined || dev !== undefined) {
    parts.hops.unshift(nexthop({ gateway, dev, flags: parts.flags }));
  }
  if (parts.family === undefined && /^(?:link|host|nowhere)$/.test(parts.scope ?? '')) parts.family = 4;
  return parts;
}

/** `via ADDR`, or `via inet6 ADDR` where the gateway's family isn't the route's. */
function takeGateway(words: Words): { gateway: Ip | undefined; foreign: boolean } {
  const foreign = words.skip('inet6') || words.skip('inet') || words.skip('link');
  return { gateway: parseIp(words.next()), foreign };
}

/** `encap ip id 42 dst 192.0.2.2 …`, up to the next hop. */
function takeEncap(words: Words): string {
  const taken: string[] = [];
  for (let word = words.peek(); word !== undefined && word !== 'via' && word !== 'dev'; word = words.peek()) {
    taken.push(words.next());
  }
  return taken.join(' ');
}

/** `nexthop via 10.0.0.1 dev eth0 weight 1 onlink`, in a line of its own or behind the route with `ip -o`. */
export function parseNexthop(words: Words): Nexthop {
  words.skip('nexthop');
  let gateway: Ip | undefined;
  let dev: string | undefined;
  let weight: number | undefined;
  let realms: number | undefined;
  const flags: string[] = [];
  while (!words.done && words.peek() !== 'nexthop') {
    const word = words.next();
    if (word === 'via') gateway = takeGateway(words).gateway;
    else if (word === 'dev') words.value((name) => (dev = name));
    else if (word === 'weight') weight = parseNumber(words.next());
    else if (word === 'encap') takeEncap(words);
    else if (word === 'realm' || word === 'realms') realms = parseRealms(words.next());
    else if (FLAGS.has(word)) flags.push(word);
  }
  return nexthop({ gateway, dev, weight, flags, realms });
}
