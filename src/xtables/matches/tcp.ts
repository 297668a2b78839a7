/** tcp_mt(), net/netfilter/xt_tcpudp.c */
import { lazily } from '../../base/memo.ts';
import { isUnknown, type Ternary } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { LISTED_PORTS, listing } from '../listing.ts';
import { blindHeader, hotdrop, u8, u16, upperHeader } from '../packet.ts';
import { number } from '../values/number.ts';
import { portRange } from '../values/port.ts';
import { nativePortsHold, type PortTests, portsHold, portTest, printPorts } from '../values/ports.ts';

const FLAGS: readonly string[] = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];
const ALL_FLAGS = 0x3f;
const SYN_MASK = 0x17;
const SYN = 0x02;

interface FlagTest {
  readonly invert: boolean;
  readonly mask: number;
  readonly compare: number;
}

export interface TcpInfo extends PortTests {
  readonly flags?: FlagTest;
  readonly option?: { readonly invert: boolean; readonly kind: number };
}

function readFlags(text: string): number | undefined {
  let flags = 0;
  for (const word of text.split(',')) {
    const name = word.toUpperCase();
    const bit = FLAGS.indexOf(name);
    if (name === 'ALL') flags |= ALL_FLAGS;
    else if (bit >= 0) flags |= 1 << bit;
    else if (name !== 'NONE') return undefined;
  }
  return flags;
}

const flagMask: Value<{ mask: number; compare: number }> = {
  words: 2,
  expected: `two comma lists of ${FLAGS.join(', ')}, ALL or NONE: the flags looked at, and those that must be set`,
  read([first = '', second = '']) {
    const mask = readFlags(first);
    const compare = readFlags(second);
    return mask === undefined || compare === undefined ? undefined : { mask, compare };
  },
};

const syn: Value<{ mask: number; compare: number }> = {
  words: 0,
  expected: 'nothing',
  read: () => ({ mask: SYN_MASK, compare: SYN }),
};

function printFlags(flags: number): string {
  const names = FLAGS.filter((_, bit) => flags & (1 << bit));
  return names.length === 0 ? 'NONE' : names.join(',');
}

/** With -n the flags are one number. */
function listedFlags(text: string): string {
  return /^0x/i.test(text) ? printFlags(Number(text) & ALL_FLAGS) : text;
}

export const tcp = lazily(() =>
  defineMatch({
    name: 'tcp',
    support: DECIDED,
    protocols: [6],
    options: {
      sport: { value: portRange, invert: true, aliases: ['source-port'] },
      dport: { value: portRange, invert: true, aliases: ['destination-port'] },
      'tcp-flags': { value: flagMask, invert: true, excludes: ['syn'] },
      syn: { value: syn, invert: true },
      'tcp-option': { value: number(255, 1), invert: true },
    },
    listing: () =>
      listing(/tcp/, [
        ...LISTED_PORTS,
        [/option=(?<n>!)?(?<v>\d+)/, 'tcp-option'],
        [
          /flags:(?<n>!)?(?<mask>[^\s/]+)\/(?<compare>\S+)/,
          ({ n, mask = '', compare = '' }) => [
            { name: 'tcp-flags', invert: n !== undefined, words: [listedFlags(mask), listedFlags(compare)] },
          ],
        ],
      ]),
    build(args): TcpInfo {
      const flags = args['tcp-flags'] ?? args.syn;
      const kind = args['tcp-option'];
      return {
        ...portTest('source', args.sport),
        ...portTest('destination', args.dport),
        ...(flags && (flags.invert || flags.value.mask || flags.value.compare)
          ? { flags: { invert: flags.invert, ...flags.value } }
          : {}),
        ...(kind ? { option: { invert: kind.invert, kind: kind.value } } : {}),
      };
    },
    print: (info) => [
      ...printPorts('sport', info.source),
      ...printPorts('dport', info.destination),
      ...(info.option ? [option('tcp-option', info.option.invert, info.option.kind)] : []),
      ...(info.flags
        ? [
            option(
              'tcp-flags',
              info.flags.invert,
              printFlags(info.flags.mask),
              printFlags(info.flags.compare),
            ),
          ]
        : []),
    ],
    match: matchTcp,
  }),
);

/**
 * nft turns ports and flags into native expressions, which don't match where the bytes are missing, and read later fragments
 * as if they began with a header (nft_payload_fast_eval()). The xt match drops what is too short, and IPv4 fragments at offset 8.
 */
function matchTcp(info: TcpInfo, ctx: MatchContext): Ternary {
  const native = ctx.backend === 'nft' && !info.option && (info.source || info.destination || info.flags);
  const at = native ? blindHeader(ctx, info.flags ? 14 : info.destination ? 4 : 2) : upperHeader(ctx, 20);
  if (at === 'fragment') return ctx.skb.family === 4 && ctx.skb.fragmentOffset === 8 ? hotdrop(ctx) : false;
  if (at === 'short') return native ? false : hotdrop(ctx);
  if (isUnknown(at)) return at;
  const { bytes, length } = ctx.skb;
  const holds = native ? nativePortsHold : portsHold;
  if (!holds(info, u16(bytes, at), u16(bytes, at + 2))) return false;
  const { flags } = info;
  if (flags && ((u8(bytes, at + 13) & flags.mask) === flags.compare) === flags.invert) return false;
  if (!info.option) return true;
  const headerLength = (u8(bytes, at + 12) >> 4) * 4;
  if (headerLength < 20 || at + headerLength > length) return hotdrop(ctx);
  if (at + headerLength > bytes.length) return upperHeader(ctx, headerLength) as Ternary;
  return hasOption(bytes, at + 20, at + headerLength, info.option.kind) !== info.option.invert;
}

/** tcp_find_option(): NOP and END count as kinds of one byte; a length of 0 or 1 is stepped over as one. */
function hasOption(bytes: Uint8Array, start: number, end: number, kind: number): boolean {
  for (let at = start; at < end; ) {
    const found = u8(bytes, at);
    if (found === kind) return true;
    at += found < 2 ? 1 : Math.max(1, at + 1 < end ? u8(bytes, at + 1) : 1);
  }
  return false;
}
