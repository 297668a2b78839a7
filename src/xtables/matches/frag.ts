/** frag_mt6(), net/ipv6/netfilter/ip6t_frag.c: the fragment header, RFC 8200 section 4.5. */
import { lazily } from '../../base/memo.ts';
import type { Ternary } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { u8, u16, u32 } from '../packet.ts';
import { flag, formatRange, number, range } from '../values/number.ts';
import { type SpiTest as IdTest, spiHolds as idHolds, spiTest as idTest } from '../values/spi.ts';
import { extensionHeader } from './exthdr.ts';

const FRAGMENT = 44;
const MAX_U32 = 0xffffffff;
const FLAGS = ['fragres', 'fragfirst', 'fragmore', 'fraglast'] as const;

interface FragInfo {
  readonly id?: IdTest;
  readonly length?: { readonly invert: boolean; readonly value: number };
  readonly flags: readonly (typeof FLAGS)[number][];
}

export const frag = lazily(() =>
  defineMatch({
    name: 'frag',
    support: DECIDED,
    families: [6],
    options: {
      fragid: { value: range(MAX_U32), invert: true },
      fraglen: { value: number(MAX_U32), invert: true },
      fragres: { value: flag },
      fragfirst: { value: flag },
      fragmore: { value: flag, excludes: ['fraglast'] },
      fraglast: { value: flag, excludes: ['fragmore'] },
    },
    listing: () =>
      listing(/frag/, [
        [/ids?:(?<n>!)?(?<v>\S+)/, 'fragid'],
        [/length:(?<n>!)?(?<v>\d+)/, 'fraglen'],
        [/reserved/, 'fragres'],
        [/first/, 'fragfirst'],
        [/more/, 'fragmore'],
        [/last/, 'fraglast'],
      ]),
    build(args): FragInfo {
      const id = idTest(args.fragid);
      const { fraglen } = args;
      return {
        ...(id ? { id } : {}),
        ...(fraglen ? { length: { invert: fraglen.invert, value: fraglen.value } } : {}),
        flags: FLAGS.filter((name) => args[name]),
      };
    },
    print: (info) => [
      ...(info.id ? [option('fragid', info.id.invert, formatRange(info.id))] : []),
      ...(info.length ? [option('fraglen', info.length.invert, info.length.value)] : []),
      ...info.flags.map((name) => `--${name}`),
    ],
    match: matchFrag,
  }),
);

/** The header has no length field; the kernel compares nothing for --fraglen. */
function matchFrag(info: FragInfo, ctx: MatchContext): Ternary {
  const offset = extensionHeader(ctx, FRAGMENT, 8);
  if (typeof offset !== 'number') return offset;
  const { bytes } = ctx.skb;
  const word = u16(bytes, offset + 2);
  const more = (word & 1) !== 0;
  if (!idHolds(info.id, u32(bytes, offset + 4))) return false;
  for (const name of info.flags) {
    if (name === 'fragres' && (u8(bytes, offset + 1) !== 0 || (word & 6) !== 0)) return false;
    if (name === 'fragfirst' && word & 0xfff8) return false;
    if (name === 'fragmore' && !more) return false;
    if (name === 'fraglast' && more) return false;
  }
  return true;
}
