/** RFC 6724 section 5 as the kernel does it: ipv6_dev_get_saddr(), net/ipv6/addrconf.c; net/ipv6/addrlabel.c. */
import { lazily } from '../base/memo.ts';
import type { InterfaceAddress } from '../dump/records.ts';
import { contains, type Prefix, parsePrefix } from '../net/prefix.ts';
import type { Device } from './devices.ts';
import { deviceOf, type Net } from './net.ts';

type Own = InterfaceAddress & { readonly address: bigint };

/** `ip addrlabel` of a fresh namespace, longest first. */
const LABELS = lazily((): readonly (readonly [Prefix, number])[] =>
  (
    [
      ['::1/128', 0],
      ['::ffff:0:0/96', 4],
      ['::/96', 3],
      ['2001::/32', 6],
      ['2001:10::/28', 7],
      ['2002::/16', 2],
      ['3ffe::/16', 12],
      ['fec0::/10', 11],
      ['fc00::/7', 5],
    ] satisfies [string, number][]
  ).flatMap(([text, label]) => {
    const prefix = parsePrefix(text);
    return prefix ? [[prefix, label] as const] : [];
  }),
);

const labelOf = (ip: bigint): number => LABELS().find(([prefix]) => contains(prefix, ip))?.[1] ?? 1;

const LINK_LOCAL = 2;
const ORCHID = 0x2001001n;
const isOrchid = (ip: bigint): boolean => ip >> 100n === ORCHID;
const isGroup = (ip: bigint): boolean => ip >> 120n === 0xffn;

/** Undefined where the host has no address that would do. `device` undefined: no interface is chosen yet. */
export function selectAddress6(net: Net, device: string | undefined, toward: bigint): bigint | undefined {
  const own = device === undefined ? undefined : deviceOf(net, device);
  const narrow =
    own !== undefined &&
    (isGroup(toward) ||
      scopeOf6(toward) <= LINK_LOCAL ||
      net.conf(6, own.name, 'use_oif_addrs_only') !== 0 ||
      net.conf(6, 'all', 'use_oif_addrs_only') !== 0);
  const devices = narrow && own ? [own] : [...net.devices.values()];
  let best: { readonly address: bigint; readonly scores: readonly number[] } | undefined;
  for (const each of devices) {
    for (const entry of each.addresses) {
      if (!isCandidate(entry)) continue;
      const scores = scoresOf(net, each, entry, device, toward);
      if (!best || compareScores(scores, best.scores) > 0) best = { address: entry.address, scores };
    }
  }
  return best?.address;
}

function isCandidate(entry: InterfaceAddress): entry is Own {
  const { address, flags } = entry;
  if (typeof address !== 'bigint' || isGroup(address) || address === 0n) return false;
  return !flags.includes('tentative') || flags.includes('optimistic');
}

/** One number a rule, in the rules' order; more is better. */
function scoresOf(
  net: Net,
  device: Device,
  entry: Own,
  out: string | undefined,
  toward: bigint,
): readonly number[] {
  const { address, flags } = entry;
  const [scope, wanted] = [scopeOf6(address), scopeOf6(toward)];
  const optimistic = flags.includes('optimistic');
  const useOptimistic =
    net.conf(6, device.name, 'use_optimistic') !== 0 || net.conf(6, 'all', 'use_optimistic') !== 0;
  const avoided = flags.includes('deprecated') || (optimistic && !useOptimistic);
  const prefersTemporary =
    Math.max(net.conf(6, 'all', 'use_tempaddr'), net.conf(6, device.name, 'use_tempaddr')) >= 2;
  return [
    address === toward ? 1 : 0,
    scope >= wanted ? -scope : scope - 128,
    isAlwaysPreferred(address) || !avoided ? 1 : 0,
    flags.includes('home') || flags.includes('homeaddress') ? 1 : 0,
    out === undefined || out === device.name ? 1 : 0,
    labelOf(address) === labelOf(toward) ? 1 : 0,
    (flags.includes('temporary') ? 1 : 0) === (prefersTemporary ? 1 : 0) ? 1 : 0,
    isOrchid(address) === isOrchid(toward) ? 1 : 0,
    Math.min(commonPrefix(address, toward), entry.length),
    optimistic ? 0 : 1,
  ];
}

/** ipv6_saddr_preferred(): mapped, compatible and loopback addresses don't age. */
function isAlwaysPreferred(ip: bigint): boolean {
  return ip >> 32n === 0xffffn || ip >> 32n === 0n;
}

function compareScores(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** __ipv6_addr_src_scope() */
export function scopeOf6(ip: bigint): number {
  if (isGroup(ip)) return Number((ip >> 112n) & 15n);
  if (ip === 1n || ip >> 118n === 0x3fan) return LINK_LOCAL;
  return ip >> 118n === 0x3fbn ? 5 : 14;
}

function commonPrefix(a: bigint, b: bigint): number {
  const difference = a ^ b;
  return difference === 0n ? 128 : 128 - difference.toString(2).length;
}
