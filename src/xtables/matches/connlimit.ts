/** connlimit_mt(), net/netfilter/xt_connlimit.c, and nf_conncount_count(): how many connections a group of addresses has. */
import { isUnknown, type Ternary, unknown } from '../../base/ternary.ts';
import type { Family } from '../../net/ip.ts';
import { applyMask, maskOf } from '../../net/prefix.ts';
import { hasPorts } from '../../net/protocol.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { Nfct } from '../../skb/nfct.ts';
import { tupleKey } from '../../skb/tuple.ts';
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

/** struct nf_conncount_tuple: undefined stands for a packet that has no connection. */
interface Counted {
  readonly tuple: string | undefined;
  readonly entry: Nfct | undefined;
}

/** What came by this rule, by masked address and zone. */
type Groups = Map<string, Counted[]>;

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
  support: { ...DECIDED, untried: 'no case of the conformance suite has it' },
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
  const tracked = skb.conntrack;
  const entry = tracked?.entry;
  if (!entry && !hasTuple(skb)) return hotdrop(ctx);
  const address = info.side === 'daddr' ? destinationOf(skb) : sourceOf(skb);
  const mask = maskOf(skb.family, Math.min(info.length, bits(skb.family)));
  const masked = applyMask(address, mask);
  const key = `${masked} ${entry ? Math.max(entry.original.zone, entry.reply.zone) : 0}`;
  const groups = ruleState(ctx, info, (): Groups => new Map());
  const known = groups.get(key);
  const group = (known ?? []).filter((each) => isCounted(each, skb.time));
  groups.set(key, group);
  const own = entry ? tupleKey(entry[tracked.direction]) : undefined;
  // A connection that is confirmed is one already; only a group that nobody was in takes it up.
  if (!known || !entry?.confirmed) {
    if (own === undefined || !group.some((each) => each.tuple === own)) group.push({ tuple: own, entry });
  }
  const size = group.length;
  const result = size > info.limit === info.above;
  if (!ctx.state.earlier) return result;
  const standing = ctx.namespace.connections();
  if (isUnknown(standing)) return standing;
  const most = countGroup(standing, group, (each) => {
    const of = info.side === 'daddr' ? each.original.destination : each.original.source;
    return typeof of === typeof mask && applyMask(of, mask) === masked;
  });
  return most > info.limit === size > info.limit
    ? result
    : unknown('how many of the connections in conntrack -L came by this rule');
}

/** nf_ct_get_tuplepr(): what isn't tracked is counted by its addresses and ports, if it has them. */
function hasTuple(skb: MatchContext['skb']): boolean {
  if (skb.fragmentOffset > 0 || fieldsOf(skb).greKey === -1) return false;
  return skb.transport >= 0 || !(hasPorts(skb.protocol) || skb.protocol === 1 || skb.protocol === 58);
}

/** gc_list(), find_or_evict(), already_closed(): a packet without a connection counts once. */
function isCounted({ entry }: Counted, time: number): boolean {
  if (!entry?.confirmed || entry.dead || entry.expires <= time) return false;
  return entry.tcpState !== 'TIME_WAIT' && entry.tcpState !== 'CLOSE';
}

function countGroup(
  known: Iterable<Nfct>,
  group: readonly Counted[],
  belongs: (entry: Nfct) => boolean,
): number {
  const counted = new Set(group.map(({ entry }) => entry));
  let count = group.length;
  for (const each of known) if (!counted.has(each) && belongs(each)) count++;
  return count;
}
