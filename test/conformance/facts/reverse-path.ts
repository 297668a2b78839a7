/** `-m rpfilter` where there is no way back to ask for, or where it is asked for otherwise. */
import { buildSkb, type SkbSpec } from '../../../src/skb/build.ts';
import type { Fact } from '../facts.ts';
import { address } from '../generate/packets.ts';
import { ROUTER } from '../networks/router.ts';
import { tableText } from '../profiles/matches.ts';

const OPTIONS = ['', '--loose', '--accept-local', '--validmark', '--invert', '--loose --invert'];
const RULES = tableText(
  'raw',
  OPTIONS.map((options) => `-A PREROUTING -m rpfilter ${options}`),
);

interface Sent {
  readonly on?: string;
  readonly from: string;
  readonly to: string;
  readonly ether?: number;
}

/** Every packet meets a rule of each option. */
function fact(name: string, sent: readonly Sent[], host: readonly string[] = []): Fact {
  return {
    name,
    network: ROUTER,
    rules: { host: sent[0]?.from.includes(':') ? { ip6: RULES } : { ip4: RULES } },
    settings: { host },
    stimuli: sent.map(({ on = 'eth0', from, to, ether }) => {
      const spec: SkbSpec = {
        source: address(from),
        destination: address(to),
        protocol: 17,
        payload: 8,
        sourcePort: 1000,
        destinationPort: 2000,
        ...(ether === undefined ? {} : { etherDestination: ether }),
      };
      return { on, skb: buildSkb(spec) };
    }),
  };
}

const EVERYBODY = 0xffffffffffff;
const GROUP = 0x01005e000001;

export const reversePathFacts: readonly Fact[] = [
  fact('rpfilter takes packets without a source to everybody on the link', [
    { from: '0.0.0.0', to: '255.255.255.255', ether: EVERYBODY },
    { from: '0.0.0.0', to: '224.0.0.1', ether: GROUP },
  ]),
  fact(
    'rpfilter looks for a way back of packets without a source that go elsewhere, and of the rest of 0/8',
    [
      { from: '0.1.2.3', to: '255.255.255.255', ether: EVERYBODY },
      { from: '0.1.2.3', to: '10.90.1.1' },
      { from: '0.0.0.0', to: '10.90.2.2' },
      { from: '0.0.0.0', to: '239.1.1.1', ether: 0x01005e010101 },
    ],
  ),
  fact('rpfilter takes IPv6 packets from the unspecified address', [
    { from: '::', to: 'fd90:1::1' },
    { from: '::', to: 'ff02::1', ether: 0x333300000001 },
  ]),
  fact('rpfilter takes the copy of a broadcast that comes back to its sender', [
    { on: 'local:host', from: '10.90.1.1', to: '10.90.1.255' },
    { on: 'local:host', from: '10.90.1.1', to: '224.0.0.1' },
  ]),
  fact('rpfilter asks for link-local sources on the interface they came in by, even loosely', [
    { from: 'fe80::2', to: 'fd90:1::1' },
    { on: 'eth1', from: 'fe80::2', to: 'fd90:1::1' },
  ]),
  fact(
    'loose rpfilter takes no other interface for link-local sources',
    [{ from: 'fe80::2', to: 'fd90:1::1' }],
    ['ip -6 route flush dev eth0 table main', 'ip -6 route add fe80::/64 dev eth1'],
  ),
  fact(
    "loose rpfilter takes a prefix's first route when the packet is for an address of the host, on whatever interface",
    [
      { from: 'fd00:9::1', to: 'fd90:2::1' },
      { from: 'fd00:9::1', to: 'fd90:2::9' },
    ],
    ['ip -6 route add throw default metric 5'],
  ),
];
