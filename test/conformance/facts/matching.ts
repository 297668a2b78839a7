/** Matches where the two backends, the two families, or the manual and the kernel part: missing options, pieces of packets, short headers. */
import type { Stimulus } from '../case.ts';
import type { Fact } from '../facts.ts';
import { ipv4, type Octets, skbOfOctets, u16, u32, zeros } from '../generate/octets.ts';
import { ROUTER } from '../networks/router.ts';
import { tableText } from '../profiles/matches.ts';

type Rules = readonly string[];

const C = 0x0a5a0102;
const HOST = 0x0a5a0101;
const TCP = 6;
const UDP = 17;

function fact(
  name: string,
  rules: Rules,
  stimuli: readonly Stimulus[],
  settings: readonly string[] = [],
): Fact {
  return {
    name,
    network: ROUTER,
    rules: { host: { ip4: tableText('mangle', [...rules, '-A PREROUTING']) } },
    settings: { host: settings },
    stimuli,
  };
}

const four = (protocol: number, body: Octets, more = {}): Stimulus => ({
  on: 'eth0',
  skb: skbOfOctets(ipv4({ source: C, destination: HOST, protocol, ...more }, body)),
});
const tcp = (options: Octets = []): Octets => [
  ...[...u16(1000), ...u16(80), ...u32(1), ...u32(0)],
  ...[(5 + options.length / 4) << 4, 2, ...u16(1000), ...u32(0), ...options],
];
const udp = (source: number, destination: number): Octets => [
  ...[...u16(source), ...u16(destination), ...u16(12), ...u16(0)],
  ...zeros(4),
];
const mss = (value: number): Octets => [2, 4, ...u16(value)];
export const matchingFacts: readonly Fact[] = [
  fact(
    'a segment without the option has no MSS that could be another one',
    ['-A PREROUTING -p tcp -m tcpmss --mss 1000', '-A PREROUTING -p tcp -m tcpmss ! --mss 1000'],
    [four(TCP, tcp()), four(TCP, tcp(mss(1000))), four(TCP, tcp(mss(1460))), four(TCP, tcp([1, 1, 1, 0]))],
  ),
  fact(
    'the nft backend reads ports and flags of later fragments too, at their beginning',
    ['-A PREROUTING -p udp -m udp --dport 2000', '-A PREROUTING -p tcp -m tcp --tcp-flags SYN SYN'],
    [
      four(UDP, udp(1000, 2000), { fragment: 0x2000, id: 7 }),
      four(UDP, [...u16(9), ...u16(2000), ...zeros(12)], { fragment: 2, id: 7 }),
      four(TCP, [...zeros(13), 2, ...zeros(10)], { fragment: 4, id: 8 }),
    ],
  ),
  fact(
    'a TCP fragment that begins at offset 8 is dropped by -m tcp',
    ['-A PREROUTING -p tcp -m tcp --sport 5'],
    [four(TCP, zeros(24), { fragment: 1, id: 9 }), four(TCP, zeros(24), { fragment: 2, id: 9 })],
  ),
  fact(
    'two ports that are both not so: one comparison for the nft backend, two for legacy tables',
    ['-A PREROUTING -p udp -m udp ! --sport 5 ! --dport 7'],
    [four(UDP, udp(5, 7)), four(UDP, udp(5, 8)), four(UDP, udp(6, 7)), four(UDP, udp(6, 8))],
  ),
  fact(
    'rules for a TOS look at three of its bits',
    ['-A FORWARD'],
    [0x00, 0x10, 0x11, 0x30, 0xf0, 0xb0].map((tos) => four(UDP, udp(5, 6), { tos, destination: 0x0a5a0202 })),
    ['ip rule add tos 0x10 blackhole pref 100'],
  ),
];
