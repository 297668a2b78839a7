/** connlimit_mt(), net/netfilter/xt_connlimit.c, and nf_conncount_count(): how many connections a group of addresses has. */
import { isUnknown, type Ternary, unknown } from '../../base/ternary.ts';
import type { Family, Ip } from '../../net/ip.ts';
import { applyMask, maskOf } from '../../net/prefix.ts';
import type { Nfct } from '../../skb/nfct.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, refuse, type Value } from '../extension.ts';
import { destinationOf, hotdrop, sourceOf } from '../packet.ts';
import { ruleState } from '../state.ts';
import { prefixLength, readAddress } from '../values/address.ts';
import { flag, number } from '../values/number.ts';

const MAX_U32 = 0xffffffff;

interface ConnlimitInfo {
  readonly limit: number;
  /** `--connlimit-above`; otherwise `--connlimit-upto`. */
  readonly above: boolean;
  readonly length: number;
  readonly side: 'saddr' | 'daddr';
}

/** The connections of each group whose packets came by this rule. */
type Groups = Map<Ip, Set<Nfct>>;

const bits = (family: Family): number => (family === 4 ? 32 : 128);

/** A prefix length; more than the address has means all of it, as iptables takes it. */
const maskLength: Value<number> = {
  words: 1,
  expected: 'a prefix length, or a mask as an address',
  read([text = ''], { family }) {
    if (/^\d{1,3}$/.test(text)) return Math.min(Number(text), bits(family));
    const mask = readAddress(text, family);
    return mask === undefined ? undefined : prefixLength(mask);
  },
};

export const connlimit = defineMatch({
  name: 'connlimit',
  support: DECIDED,
  conntrack: true,
  options: {
    'connlimit-upto': { value: number(MAX_U32), invert: true, excludes: ['connlimit-above'] },
    'connlimit-above': { value: number(MAX_U32), invert: true, excludes: ['connlimit-upto'] },
    'connlimit-mask': { value: maskLength },
    'connlimit-saddr': { value: flag, excludes: ['connlimit-daddr'] },
    'connlimit-daddr': { value: flag, excludes: ['connlimit-saddr'] },
  },
  oneOf: [['connlimit-upto', 'connlimit-above']],
  build(args, { family }) {
    const [above, upto] = [args['connlimit-above'], args['connlimit-upto']];
    const limit = above ?? upto;
    if (!limit) return refuse('a number is missing');
    const info: ConnlimitInfo = {
      limit: limit.value,
      above: (above !== undefined) !== limit.invert,
      length: args['connlimit-mask']?.value ?? bits(family),
      side: args['connlimit-daddr'] ? 'daddr' : 'saddr',
    };
    return info;
  },
  print: (info: ConnlimitInfo) => [
    `--connlimit-${info.above ? 'above' : 'upto'} ${info.limit}`,
    `--connlimit-mask ${info.length}`,
    `--connlimit-${info.side}`,
  ],
  match: matchConnlimit,
});

function matchConnlimit(info: ConnlimitInfo, ctx: MatchContext): Ternary {
  const { skb } = ctx;
  const entry = skb.conntrack?.entry;
  if (!entry) {
    // Untracked packets are counted by a tuple that no connection stands behind; without one there is nothing to count.
    if (skb.conntrack?.state === 'UNTRACKED') return 1 > info.limit === info.above;
    return hotdrop(ctx);
  }
  const address = info.side === 'daddr' ? destinationOf(skb) : sourceOf(skb);
  const mask = maskOf(skb.family, Math.min(info.length, bits(skb.family)));
  const key = applyMask(address, mask);
  const groups = ruleState(ctx, info, (): Groups => new Map());
  const group = groups.get(key) ?? new Set<Nfct>();
  groups.set(key, group);
  for (const each of group) if (each !== entry && isOver(each, skb.time)) group.delete(each);
  group.add(entry);
  const result = group.size > info.limit === info.above;
  if (!ctx.state.earlier) return result;
  const known = ctx.namespace.connections();
  if (isUnknown(known)) return known;
  const most = countGroup(known, group, (each) => {
    const of = info.side === 'daddr' ? each.original.destination : each.original.source;
    return typeof of === typeof mask && applyMask(of, mask) === key;
  });
  return most > info.limit === group.size > info.limit
    ? result
    : unknown('how many of the connections in conntrack -L came by this rule');
}

function isOver(entry: Nfct, time: number): boolean {
  return entry.tcpState === 'TIME_WAIT' || entry.tcpState === 'CLOSE' || entry.expires <= time;
}

function countGroup(
  known: Iterable<Nfct>,
  group: ReadonlySet<Nfct>,
  belongs: (entry: Nfct) => boolean,
): number {
  let count = group.size;
  for (const each of known) if (!group.has(each) && belongs(each)) count++;
  return count;
}
