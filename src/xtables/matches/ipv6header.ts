/** ipv6header_mt6(), net/ipv6/netfilter/ip6t_ipv6header.c: which headers a packet has. */
import { lazily } from '../../base/memo.ts';
import type { Ternary, Unknown } from '../../base/ternary.ts';
import { IPV6_LENGTH } from '../../header/ipv6.ts';
import type { Skb } from '../../skb/skb.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { EXTENSION, isExtension } from '../ipv6.ts';
import { listedOption, listing } from '../listing.ts';
import { headerAt, u8 } from '../packet.ts';
import { flag } from '../values/number.ts';

/** Names as printed, in that order, with the words that mean them. */
const HEADERS = [
  { name: 'hop-by-hop', words: ['hop', 'hop-by-hop', '0'], protocol: 0 },
  { name: 'ipv6-opts', words: ['dst', 'ipv6-opts', '60'], protocol: 60 },
  { name: 'ipv6-route', words: ['route', 'ipv6-route', '43'], protocol: 43 },
  { name: 'ipv6-frag', words: ['frag', 'ipv6-frag', '44'], protocol: 44 },
  { name: 'ah', words: ['auth', 'ah', '51'], protocol: 51 },
  { name: 'esp', words: ['esp', '50'], protocol: 50 },
  { name: 'ipv6-nonxt', words: ['none', 'ipv6-nonxt', '59'], protocol: 59 },
  { name: 'protocol', words: ['prot', 'protocol', '255'], protocol: -1 },
] as const;

const ESP = 50;

type Name = (typeof HEADERS)[number]['name'];

interface HeaderInfo {
  readonly invert: boolean;
  readonly headers: readonly Name[];
  readonly soft: boolean;
}

const headerList: Value<readonly Name[]> = {
  words: 1,
  expected: `one or more of ${HEADERS.map((each) => each.words[0]).join(', ')}, separated by commas`,
  read([text = '']) {
    const given = text.split(',').map((word) => HEADERS.find((each) => each.words.some((w) => w === word)));
    if (given.includes(undefined)) return undefined;
    return HEADERS.filter((each) => given.includes(each)).map((each) => each.name);
  },
};

/** With -n the headers' bits, the first of the list being the highest. */
function listedHeaders(text: string): string {
  if (!text.startsWith('0x')) return text;
  return HEADERS.filter((_, i) => Number(text) & (0x80 >> i))
    .map((each) => each.name)
    .join(',');
}

export const ipv6header = lazily(() =>
  defineMatch({
    name: 'ipv6header',
    support: DECIDED,
    families: [6],
    options: { header: { value: headerList, invert: true, required: true }, soft: { value: flag } },
    listing: () =>
      listing(/ipv6header/, [
        [
          /flags:(?<n>!)?(?<v>\S+)/,
          ({ n, v = '' }) => [listedOption('header', listedHeaders(v), n !== undefined)],
        ],
        [/soft/, 'soft'],
      ]),
    build: ({ header, soft }): HeaderInfo => ({
      invert: header.invert,
      headers: header.value,
      soft: soft !== undefined,
    }),
    print: (info) => [
      option('header', info.invert, info.headers.join(',')),
      ...(info.soft ? ['--soft'] : []),
    ],
    match: matchHeaders,
  }),
);

/**
 * `--soft`: all of these are there, inverted none. Otherwise exactly these, the upper layer counting as `prot`.
 */
function matchHeaders(info: HeaderInfo, ctx: MatchContext): Ternary {
  const present = presentHeaders(ctx.skb);
  if (!(present instanceof Set)) return present === 'short' ? false : present;
  if (info.soft) return info.headers.every((name) => present.has(name) !== info.invert);
  const same = HEADERS.every(({ name }) => present.has(name) === info.headers.includes(name));
  return same !== info.invert;
}

/** Walks past everything, later fragments too; ESP ends the walk. */
function presentHeaders(skb: Skb): Set<Name> | 'short' | Unknown {
  const present = new Set<Name>();
  let protocol = u8(skb.bytes, 6);
  let offset = IPV6_LENGTH;
  while (isExtension(protocol) || protocol === ESP) {
    const name = HEADERS.find((each) => each.protocol === protocol)?.name;
    if (name) present.add(name);
    if (protocol === EXTENSION.none) return present;
    const at = headerAt(skb, offset, 2);
    if (typeof at !== 'number') return at;
    if (protocol === ESP) return present;
    const size = u8(skb.bytes, at + 1);
    const length = protocol === EXTENSION.ah ? (size + 2) * 4 : (size + 1) * 8;
    offset += protocol === EXTENSION.fragment ? 8 : length;
    protocol = u8(skb.bytes, at);
    if (offset > skb.length) break;
  }
  if (protocol !== EXTENSION.none && protocol !== ESP) present.add('protocol');
  return present;
}
