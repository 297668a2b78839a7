/** dccp_mt(), net/netfilter/xt_dccp.c */
import { lazily } from '../../base/memo.ts';
import type { Ternary } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { LISTED_PORTS, listedOption, listing } from '../listing.ts';
import { hotdrop, u8, u16, upperOrDrop } from '../packet.ts';
import { formatRange, number } from '../values/number.ts';
import { portRange } from '../values/port.ts';
import { type PortTest, portHolds } from '../values/ports.ts';
import { setOf } from '../values/text.ts';

/** RFC 4340 section 5.1; every reserved type counts as INVALID. */
const TYPES = [
  'REQUEST',
  'RESPONSE',
  'DATA',
  'ACK',
  'DATAACK',
  'CLOSEREQ',
  'CLOSE',
  'RESET',
  'SYNC',
  'SYNCACK',
  'INVALID',
] as const;

interface DccpInfo {
  readonly source?: PortTest;
  readonly destination?: PortTest;
  readonly types?: { readonly invert: boolean; readonly list: readonly (typeof TYPES)[number][] };
  readonly option?: { readonly invert: boolean; readonly kind: number };
}

/** With -n a type is its number; all behind SYNCACK are reserved. */
function listedType(word: string): string {
  return /^\d+$/.test(word) ? (TYPES[Number(word)] ?? 'INVALID') : word;
}

export const dccp = lazily(() =>
  defineMatch({
    name: 'dccp',
    support: DECIDED,
    protocols: [33],
    options: {
      sport: { value: portRange, invert: true, aliases: ['source-port'] },
      dport: { value: portRange, invert: true, aliases: ['destination-port'] },
      'dccp-types': { value: setOf(TYPES), invert: true },
      'dccp-option': { value: number(255, 1), invert: true },
    },
    listing: () =>
      listing(/dccp/, [
        ...LISTED_PORTS,
        [
          /(?<n>! ?)?(?<v>[A-Z]+(?:,[A-Z]+)*|\d+(?:,\d+)*)/,
          ({ n, v = '' }) => [
            listedOption('dccp-types', v.split(',').map(listedType).join(','), n !== undefined),
          ],
        ],
        [/option=(?<n>!)?(?<v>\d+)/, 'dccp-option'],
      ]),
    build({ sport, dport, 'dccp-types': types, 'dccp-option': kind }): DccpInfo {
      return {
        ...(sport ? { source: { invert: sport.invert, ...sport.value } } : {}),
        ...(dport ? { destination: { invert: dport.invert, ...dport.value } } : {}),
        ...(types ? { types: { invert: types.invert, list: types.value } } : {}),
        ...(kind ? { option: { invert: kind.invert, kind: kind.value } } : {}),
      };
    },
    print: ({ source, destination, types, option: kind }) => [
      ...(source ? [option('sport', source.invert, formatRange(source))] : []),
      ...(destination ? [option('dport', destination.invert, formatRange(destination))] : []),
      ...(types ? [option('dccp-types', types.invert, types.list.join(','))] : []),
      ...(kind ? [option('dccp-option', kind.invert, kind.kind)] : []),
    ],
    match: matchDccp,
  }),
);

function matchDccp(info: DccpInfo, ctx: MatchContext): Ternary {
  const at = upperOrDrop(ctx, 12);
  if (typeof at !== 'number') return at;
  const { bytes } = ctx.skb;
  if (!portHolds(info.source, u16(bytes, at)) || !portHolds(info.destination, u16(bytes, at + 2)))
    return false;
  if (info.types) {
    const type = TYPES[Math.min((u8(bytes, at + 8) >> 1) & 15, TYPES.length - 1)];
    if (info.types.list.some((each) => each === type) === info.types.invert) return false;
  }
  if (!info.option) return true;
  const found = findOption(ctx, at, info.option.kind);
  return typeof found === 'boolean' ? found !== info.option.invert : found;
}

/** What follows the generic header, by packet type (dccp_packet_hdr_len()); resets and unknown types have the most. */
const TYPE_LENGTH: Readonly<Record<number, number>> = {
  0: 4,
  1: 12,
  2: 0,
  3: 8,
  4: 8,
  5: 8,
  6: 8,
  8: 8,
  9: 8,
};
const LONGEST = 12;

/** dccp_find_option(): options lie between the header of the packet's type and the data offset; 0 and 1 are single bytes. */
function findOption(ctx: MatchContext, at: number, kind: number): Ternary {
  const { bytes } = ctx.skb;
  const word = u8(bytes, at + 8);
  const start = ((word & 1) === 0 ? 12 : 16) + (TYPE_LENGTH[(word >> 1) & 15] ?? LONGEST);
  const end = u8(bytes, at + 4) * 4;
  if (end < start) return hotdrop(ctx);
  if (end === start) return false;
  const whole = upperOrDrop(ctx, end);
  if (typeof whole !== 'number') return whole;
  for (let i = at + start; i < at + end; ) {
    const found = u8(bytes, i);
    if (found === kind) return true;
    i += found < 2 ? 1 : Math.max(1, u8(bytes, i + 1));
  }
  return false;
}
