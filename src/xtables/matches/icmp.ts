/** icmp_match(), net/netfilter/xt_tcpudp.c (formerly ip_tables.c) and icmp6_match(), ip6_tables.c */
import { lazily } from '../../base/memo.ts';
import type { Ternary } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { type Listing, listedOption, listing } from '../listing.ts';
import { IcmpNames, type IcmpTest, readIcmp } from '../names/icmp.ts';
import { u8, withUpper } from '../packet.ts';

export interface IcmpInfo extends IcmpTest {
  readonly invert: boolean;
}

function icmpType(names: IcmpNames, any: boolean): Value<IcmpTest> {
  return {
    words: 1,
    expected: `a type 0..255, type/code, or a name (${names
      .slice(0, 4)
      .map((each) => each.name)
      .join(', ')} …)`,
    read: ([text = '']) => readIcmp(text, names, any),
  };
}

/** Type 255 of IPv4 stands for any. */
function print(info: IcmpInfo): string {
  if (info.type === 255 && info.any) return 'any';
  return info.minCode === info.maxCode ? `${info.type}/${info.minCode}` : String(info.type);
}

function matches(info: IcmpInfo, ctx: MatchContext): Ternary {
  return withUpper(ctx, 8, (at) => {
    const type = u8(ctx.skb.bytes, at);
    const code = u8(ctx.skb.bytes, at + 1);
    const holds = info.any || (type === info.type && code >= info.minCode && code <= info.maxCode);
    return holds !== info.invert;
  });
}

/** `icmptype 8 code 0`, `icmp !type 3`, `icmp echo-request`; older versions have a blank before `type`. */
function listedIcmp(protocol: string, name: string): Listing {
  return listing([
    new RegExp(
      `${protocol} ?(?<n>!)?type (?<type>\\d+)(?: codes? (?<code>\\d+)(?:-(?<last>\\d+))?)?|${protocol} (?<not>!)?(?<v>[a-z][a-z-]*)`,
    ),
    ({ n, type, code, last, not, v }) => {
      // iptables-legacy prints `any` as type 255 with the code that stands in the entry.
      const number = type === '255' && protocol === 'icmp' ? 'any' : type;
      const codes = code === undefined || last !== undefined || number === 'any' ? '' : `/${code}`;
      return [listedOption(name, v ?? `${number}${codes}`, (n ?? not) !== undefined)];
    },
  ]);
}

export const icmp = lazily(() =>
  defineMatch({
    name: 'icmp',
    support: DECIDED,
    families: [4],
    protocols: [1],
    options: { 'icmp-type': { value: icmpType(IcmpNames.v4, true), invert: true, required: true } },
    listing: () => listedIcmp('icmp', 'icmp-type'),
    build: (args): IcmpInfo => ({ invert: args['icmp-type'].invert, ...args['icmp-type'].value }),
    print: (info) => [option('icmp-type', info.invert, print(info))],
    match: matches,
  }),
);

export const icmp6 = lazily(() =>
  defineMatch({
    name: 'icmp6',
    support: DECIDED,
    aliases: ['icmpv6', 'ipv6-icmp'],
    families: [6],
    protocols: [58],
    options: { 'icmpv6-type': { value: icmpType(IcmpNames.v6, false), invert: true, required: true } },
    listing: () => listedIcmp('ipv6-icmp', 'icmpv6-type'),
    build: (args): IcmpInfo => ({ invert: args['icmpv6-type'].invert, ...args['icmpv6-type'].value }),
    print: (info) => [option('icmpv6-type', info.invert, print(info))],
    match: matches,
  }),
);
