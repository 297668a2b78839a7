/** recent_mt(), net/netfilter/xt_recent.c: lists of addresses and when they were seen, shared by name. */
import { lazily } from '../../base/memo.ts';
import { type Ternary, unknown } from '../../base/ternary.ts';
import { type Ip, parseIpv4, parseIpv6 } from '../../net/ip.ts';
import { applyMask, maskOf } from '../../net/prefix.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, refuse, type Value } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { destinationOf, sourceOf, ttlOf } from '../packet.ts';
import { sharedState } from '../state.ts';
import { bare } from '../tokens.ts';
import { formatAddress } from '../values/address.ts';
import { flag, number } from '../values/number.ts';
import { name } from '../values/text.ts';

const ACTIONS = ['set', 'rcheck', 'update', 'remove'] as const;
type Action = (typeof ACTIONS)[number];

interface RecentInfo {
  readonly invert: boolean;
  readonly action: Action;
  readonly seconds?: number;
  readonly reap: boolean;
  readonly hitcount?: number;
  readonly rttl: boolean;
  readonly list: string;
  readonly mask: Ip;
  readonly side: 'rsource' | 'rdest';
}

interface Entry {
  readonly key: string;
  ttl: number;
  stamps: number[];
}

/** One a name, for both families: the first rule that names it makes it, and its mask holds for all of them. */
interface List {
  /** Of all 16 bytes of an address; an IPv4 address has the first four. */
  readonly mask: bigint;
  /** Insertion order is the LRU order; ip_list_tot entries at most. */
  readonly entries: Map<string, Entry>;
}

const MOST_ENTRIES = 100;
/** The kernel keeps at least as many stamps as the list's highest --hitcount asks for; more of them change nothing. */
const MOST_STAMPS = 256;
const MAX_U32 = 0xffffffff;

const mask: Value<Ip> = {
  words: 1,
  expected: 'a mask as an address, such as 255.255.255.0',
  read: ([text = ''], { family }) => (family === 4 ? parseIpv4(text) : parseIpv6(text)),
};

const others = (action: Action): Action[] => ACTIONS.filter((each) => each !== action);

export const recent = lazily(() =>
  defineMatch({
    name: 'recent',
    support: DECIDED,
    options: {
      set: { value: flag, invert: true, excludes: others('set') },
      rcheck: { value: flag, invert: true, excludes: others('rcheck') },
      update: { value: flag, invert: true, excludes: others('update') },
      remove: { value: flag, invert: true, excludes: others('remove') },
      seconds: { value: number(MAX_U32, 1), excludes: ['set', 'remove'] },
      reap: { value: flag, needs: ['seconds'] },
      hitcount: { value: number(65535), excludes: ['set', 'remove'] },
      rttl: { value: flag, excludes: ['set', 'remove'] },
      name: { value: name(199, "a list's name") },
      rsource: { value: flag },
      rdest: { value: flag },
      mask: { value: mask },
    },
    oneOf: [ACTIONS],
    listing: () =>
      listing(
        [
          /(?<n>! ?)?recent: (?<how>SET|CHECK|UPDATE|REMOVE)/,
          ({ n, how }) => [
            listedOption(how === 'CHECK' ? 'rcheck' : (how ?? '').toLowerCase(), undefined, n !== undefined),
          ],
        ],
        [
          [/seconds: (?<v>\d+)/, 'seconds'],
          [/reap/, 'reap'],
          [/hit_count: (?<v>\d+)/, 'hitcount'],
          [/TTL-Match/, 'rttl'],
          [/name: (?<v>\S+)/, 'name'],
          [/side: (?<side>source|dest)/, ({ side }) => [listedOption(side === 'dest' ? 'rdest' : 'rsource')]],
          [/mask: (?<v>\S+)/, 'mask'],
        ],
      ),
    build(args, { family }) {
      const action = ACTIONS.find((each) => args[each]);
      if (!action) return refuse('one of --set, --rcheck, --update, --remove must be given');
      const last = (args.rdest?.position ?? -1) > (args.rsource?.position ?? -1);
      const info: RecentInfo = {
        invert: args[action]?.invert ?? false,
        action,
        ...(args.seconds ? { seconds: args.seconds.value } : {}),
        reap: args.reap !== undefined,
        ...(args.hitcount && args.hitcount.value > 0 ? { hitcount: args.hitcount.value } : {}),
        rttl: args.rttl !== undefined,
        list: args.name?.value ?? 'DEFAULT',
        mask: args.mask?.value ?? maskOf(family, family === 4 ? 32 : 128),
        side: last ? 'rdest' : 'rsource',
      };
      return info;
    },
    print: (info: RecentInfo) => [
      `${info.invert ? '! ' : ''}--${info.action}`,
      ...(info.seconds === undefined ? [] : [`--seconds ${info.seconds}`]),
      ...(info.reap ? ['--reap'] : []),
      ...(info.hitcount === undefined ? [] : [`--hitcount ${info.hitcount}`]),
      ...(info.rttl ? ['--rttl'] : []),
      `--name ${bare(info.list)}`,
      `--mask ${formatAddress(info.mask)}`,
      `--${info.side}`,
    ],
    load(info: RecentInfo, _family, shared) {
      const key = listKey(info);
      if (!shared.has(key)) shared.set(key, makeList(info));
    },
    match: matchRecent,
  }),
);

const listKey = ({ list }: RecentInfo): string => `recent ${list}`;
const REST = 96n;

function makeList({ mask }: RecentInfo): List {
  const whole = typeof mask === 'bigint' ? mask : (BigInt(mask) << REST) | ((1n << REST) - 1n);
  return { mask: whole, entries: new Map() };
}

function masked(ip: Ip, { mask }: List): Ip {
  return applyMask(ip, typeof ip === 'bigint' ? mask : Number(mask >> REST));
}

function matchRecent(info: RecentInfo, ctx: MatchContext): Ternary {
  const { skb } = ctx;
  const list = sharedState(ctx, listKey(info), () => makeList(info));
  const address = masked(info.side === 'rdest' ? destinationOf(skb) : sourceOf(skb), list);
  // Lists are shared by both families; an IPv6 address below 2^32 is none of IPv4.
  const key = `${skb.family} ${address}`;
  // The TTL as it was before this host forwarded the packet.
  const ttl = (ttlOf(skb) + (skb.out !== undefined && !skb.local ? 1 : 0)) & 0xff;
  const found = list.entries.get(key);
  const sameTtl = !info.rttl || ttl === 0 || found?.ttl === ttl || found?.ttl === 0;
  const entry = sameTtl ? found : undefined;
  const most = Math.max(MOST_STAMPS, info.hitcount ?? 0);
  if (info.action === 'set') {
    touch(list.entries, entry ?? { key, ttl, stamps: [] }, { ttl, time: skb.time, most });
    return !info.invert;
  }
  if (entry && info.action === 'remove') {
    list.entries.delete(key);
    return !info.invert;
  }
  const since = info.seconds === undefined ? Number.NEGATIVE_INFINITY : skb.time - info.seconds;
  const hits = entry?.stamps.filter((stamp) => stamp >= since).length ?? 0;
  const enough = info.action !== 'remove' && hits >= Math.max(1, info.hitcount ?? 1);
  if (!enough && ctx.state.earlier) {
    return unknown(
      `whether list ${info.list} already had ${formatAddress(address)} before the first packet seen (cat /proc/net/xt_recent/${info.list})`,
    );
  }
  const result = enough !== info.invert;
  if (!entry) return result;
  const updates = info.action === 'update' && result;
  if (info.reap) reap(list.entries, since, updates ? entry : undefined);
  if (updates) touch(list.entries, entry, { ttl, time: skb.time, most });
  return result;
}

/** recent_entry_update(), which also makes the entry the list's newest. */
function touch(
  entries: List['entries'],
  entry: Entry,
  { ttl, time, most }: { readonly ttl: number; readonly time: number; readonly most: number },
): void {
  const known = entries.delete(entry.key);
  if (!known && entries.size >= MOST_ENTRIES) {
    const [oldest] = entries.keys();
    if (oldest !== undefined) entries.delete(oldest);
  }
  entry.ttl = ttl;
  entry.stamps.push(time);
  if (entry.stamps.length > most) entry.stamps.shift();
  entries.set(entry.key, entry);
}

/** recent_entry_reap(): the least recently used entry goes when its last stamp is too old, unless it is about to be updated. */
function reap(entries: List['entries'], since: number, updated: Entry | undefined): void {
  const [oldest] = entries.values();
  if (oldest && oldest !== updated && (oldest.stamps.at(-1) ?? 0) < since) entries.delete(oldest.key);
}
