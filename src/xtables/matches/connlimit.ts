/** connlimit_mt(), net/netfilter/xt_connlimit.c, and nf_conncount_count(): how many connections a group of addresses has. */
import { lazily } from '../../base/memo.ts';
import { isUnknown, type Ternary, type Unknown, unknown } from '../../base/ternary.ts';
import type { Family } from '../../net/ip.ts';
import { applyMask, maskOf } from '../../net/prefix.ts';
import { hasPorts, PROTOCOL } from '../../net/protocol.ts';
import { fieldsOf } from '../../skb/fields.ts';
import type { Nfct } from '../../skb/nfct.ts';
import { type Tuple, tupleKey } from '../../skb/tuple.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, refuse, type Value } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { destinationOf, headerAt, hotdrop, sourceOf, u16, upperLayer } from '../packet.ts';
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

/** struct nf_conncount_tuple: without an entry for a packet whose tuple no connection has. */
interface Counted {
  readonly tuple: string;
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

export const connlimit = lazily(() =>
  defineMatch({
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
    listing: () =>
      listing([
        /#conn(?: (?<side>src|dst))?\/(?<mask>\d+) (?<how>[<>])=? (?<v>\d+)/,
        ({ side, mask, how, v }) => [
          listedOption(how === '>' ? 'connlimit-above' : 'connlimit-upto', v),
          listedOption('connlimit-mask', mask),
          listedOption(side === 'dst' ? 'connlimit-daddr' : 'connlimit-saddr'),
        ],
      ]),
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
  }),
);

function matchConnlimit(info: ConnlimitInfo, ctx: MatchContext): Ternary {
  const { skb } = ctx;
  const tracked = skb.conntrack;
  const entry = tracked?.entry;
  const tuple = entry ? entry[tracked.direction] : tupleOfPacket(ctx);
  if (!tuple) return hotdrop(ctx);
  if (isUnknown(tuple)) return tuple;
  const own = tupleKey(tuple);
  const address = info.side === 'daddr' ? destinationOf(skb) : sourceOf(skb);
  const mask = maskOf(skb.family, Math.min(info.length, bits(skb.family)));
  const masked = applyMask(address, mask);
  const key = `${masked} ${entry ? Math.max(entry.original.zone, entry.reply.zone) : 0}`;
  const groups = ruleState(ctx, info, (): Groups => new Map());
  const known = groups.get(key);
  // A connection that is confirmed is one already: nothing is added or collected for it, but it begins a group that nobody was in.
  // One that this packet ended (a reset of what was never answered) is none any more.
  const settled = known !== undefined && entry?.confirmed === true && entry.dead !== true;
  const group = settled ? known : (known ?? []).filter((each) => isCounted(each, skb.time));
  groups.set(key, group);
  if (!settled && !group.some((each) => each.tuple === own))
    group.push({ tuple: own, entry: entry ?? standingIn(ctx, own) });
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

/** Enough for ports, and for a query's id. */
const [PORTS, ICMP_HEADER] = [4, 8];
const NO_NEXT_HEADER = 59;

/** nf_ct_get_tuplepr(): what isn't tracked is counted by its addresses and ports, if it has them. */
function tupleOfPacket(ctx: MatchContext): Tuple | undefined | Unknown {
  const { skb } = ctx;
  const { family, protocol, source, destination, greKey = 0 } = fieldsOf(skb);
  if (skb.fragmentOffset > 0 || greKey === -1 || (family === 6 && protocol === NO_NEXT_HEADER))
    return undefined;
  const icmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp'];
  const ports = hasPorts(protocol) && protocol !== PROTOCOL.dccp;
  const base = { family, protocol, source, destination, zone: 0 };
  if (!icmp && !ports) return { ...base, sourcePort: 0, destinationPort: greKey };
  // ipv6_skip_exthdr(), which goes behind an Authentication Header whatever the backend.
  const { offset } = upperLayer({ skb, backend: 'legacy' });
  const at = headerAt(skb, offset, icmp ? ICMP_HEADER : PORTS);
  if (typeof at !== 'number') return at === 'short' ? undefined : at;
  const { bytes } = skb;
  return icmp
    ? { ...base, sourcePort: u16(bytes, at + 4), destinationPort: u16(bytes, at) }
    : { ...base, sourcePort: u16(bytes, at), destinationPort: u16(bytes, at + 2) };
}

/** A packet that conntrack calls invalid may have the tuple of a connection, and stands for that one then. */
function standingIn(ctx: MatchContext, tuple: string): Nfct | undefined {
  const known = ctx.namespace.connections();
  if (isUnknown(known)) return undefined;
  for (const each of known) {
    if (tupleKey(each.original) === tuple || tupleKey(each.reply) === tuple) return each;
  }
  return undefined;
}

/** gc_list(), find_or_evict(), already_closed(): a packet whose tuple no connection has counts once. */
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
