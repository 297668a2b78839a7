/** Matches that reckon with hashes and shares, where the kernel's arithmetic is its own. */
import { packet } from '../../netstack/support/cases.ts';
import type { Fact } from '../facts.ts';
import { ROUTER } from '../networks/router.ts';
import { tableText } from '../profiles/matches.ts';

function fact(name: string, rules: readonly string[], packets: readonly ReturnType<typeof packet>[]): Fact {
  const six = packets.some(({ skb }) => skb.family === 6);
  const text = tableText('mangle', rules);
  return {
    name,
    network: ROUTER,
    rules: { host: six ? { ip6: text } : { ip4: text } },
    stimuli: packets,
  };
}

const NODES = [1, 2, 3, 4, 5].map(
  (node) =>
    `-A PREROUTING -m cluster --cluster-total-nodes 5 --cluster-local-node ${node} --cluster-hash-seed 0xdeadbeef`,
);
const udp = (source: string, destination: string, payload: number) =>
  packet('eth0', source, destination, { sourcePort: 5, destinationPort: 6, payload });

export const hashFacts: readonly Fact[] = [
  fact(
    'cluster hashes the first word of an IPv6 source: one network has one node',
    NODES,
    ['fd90:1::2', 'fd90:1::3', 'fd90:1:5::2', 'fd90:2::9', '2001:db8::1', '2001:db9::1'].map((source) =>
      udp(source, 'fd90:2::2', 8),
    ),
  ),
  fact(
    'a byte rate of hashlimit is as many units of 16 bytes as fit, and costs one more: 496 bytes are not above 500b/s, 497 are',
    [
      '-A PREROUTING -m hashlimit --hashlimit-upto 500b/s --hashlimit-mode dstip --hashlimit-name a --hashlimit-rate-match --hashlimit-htable-expire 60000',
      '-A PREROUTING -m hashlimit --hashlimit-upto 500b/s --hashlimit-mode dstip --hashlimit-name b --hashlimit-htable-expire 60000',
    ],
    [
      udp('10.90.1.2', '10.90.2.2', 468),
      udp('10.90.1.2', '10.90.2.3', 469),
      udp('10.90.1.2', '10.90.2.4', 452),
      udp('10.90.1.2', '10.90.2.4', 16),
      udp('10.90.1.2', '10.90.2.5', 453),
    ],
  ),
];
