/** Packets through the router by a few rules of one chain: what most facts about matches and targets are. */
import type { Family } from '../../../src/net/ip.ts';
import type { Hook, TableName } from '../../../src/xtables/rule.ts';
import type { Fact } from '../facts.ts';
import { ipv4, ipv6, type Octets, skbOfOctets, u8, u16, u32, zeros } from '../generate/octets.ts';
import { ROUTER } from '../networks/router.ts';
import { tableText } from '../profiles/matches.ts';

export const C4 = 0x0a5a0102;
export const S4 = 0x0a5a0202;
export const C6 = (0xfd90n << 112n) | (1n << 96n) | 2n;
export const S6 = (0xfd90n << 112n) | (2n << 96n) | 2n;

export interface Sent {
  readonly octets: Octets;
  readonly after?: number;
}
type More4 = Partial<Parameters<typeof ipv4>[0]>;
export const four = (protocol: number, body: Octets, more: More4 = {}): Sent => ({
  octets: ipv4({ source: C4, destination: S4, protocol, ...more }, body),
});
type More6 = Partial<Parameters<typeof ipv6>[0]>;
export const six = (protocol: number, body: Octets, more: More6 = {}): Sent => ({
  octets: ipv6({ source: C6, destination: S6, protocol, ...more }, body),
});
export const later = (after: number, sent: Sent): Sent => ({ ...sent, after });
export const udp = (length = 5, port = 53): Octets => [
  ...u16(1000),
  ...u16(port),
  ...u16(8 + length),
  ...u16(0),
  ...zeros(length),
];
export const tcp = (flags: number, options: Octets = [], data: Octets = [], from = 1000): Octets => [
  ...[...u16(from), ...u16(80), ...u32(1000), ...u32(flags & 16 ? 5000 : 0)],
  ...[...u8((5 + options.length / 4) << 4), ...u8(flags), ...u16(1000), ...u32(0)],
  ...options,
  ...data,
];
interface Place {
  readonly table?: TableName;
  readonly chain?: Hook;
  /** Further rules of the table, as they are. */
  readonly more?: readonly string[];
  /** Commands of the router. */
  readonly settings?: readonly string[];
}

export function fact(
  name: string,
  family: Family,
  rules: readonly string[],
  sent: readonly Sent[],
  { table = 'mangle', chain = 'PREROUTING', more = [], settings }: Place = {},
): Fact {
  const text = tableText(table, [...more, ...rules.map((rule) => `-A ${chain} ${rule}`)]);
  return {
    name,
    network: ROUTER,
    rules: { host: { [family === 4 ? 'ip4' : 'ip6']: text } },
    ...(settings ? { settings: { host: settings } } : {}),
    stimuli: sent.map(({ octets, after }) => ({
      on: 'eth0',
      skb: skbOfOctets(octets),
      ...(after === undefined ? {} : { after }),
    })),
  };
}
