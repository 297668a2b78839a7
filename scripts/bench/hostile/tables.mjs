/** What is made to be expensive: by name, its sizes, what writes it, and which command reads it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ipset } from '../rulesets/ipset.mjs';
import * as blocks from './blocks.mjs';
import * as packets from './packets.mjs';
import * as texts from './texts.mjs';

const PACKETS = [100_000, 200_000, 400_000];
const LINES = [50_000, 100_000, 200_000];
const BYTES = [1e6, 4e6, 16e6];

const text = (name, make) => (folder, size) => writeFileSync(join(folder, name), make(size));
const capture = (make) => (folder, size) => make(join(folder, 'a.pcap'), size);
const file = (words) => (folder, name) => words.map((word) => (word === '@' ? join(folder, name) : word));
const read = (name, words = ['analyze', '@']) => ({ command: (folder) => file(words)(folder, name) });

const ofText = (name, sizes, make, words) => ({ sizes, make: text(name, make), ...read(name, words) });
const ofCapture = (sizes, make, words) => ({ sizes, make: capture(make), ...read('a.pcap', words) });
const ofBlocks = (sizes, make, words) => ofCapture(sizes, make, words);

const TRACE = ['trace', '@', '--from', 'host', '--to', '8.8.8.8'];

export const HOSTILE = {
  'flows-one-hash': ofCapture(PACKETS, packets.collidingFlows),
  'senders-one-hash': ofCapture([16_384, 32_768, 65_536, 131_072], packets.collidingAddresses),
  'senders-one-identifier': ofCapture(LINES, packets.sameIdentifiers),
  'fragments-in-order': ofCapture(LINES, (path, size) => packets.fragments(path, size, { step: 2 })),
  'fragments-overlap': ofCapture(LINES, (path, size) => packets.fragments(path, size, { step: 1 })),
  'fragments-replayed': ofCapture(
    [25_000, 50_000, 100_000],
    (path, size) => packets.fragments(path, size, { step: 2 }),
    ['replay', '@', '--inject', 'host:eth0=@'],
  ),
  'same-packet': ofCapture(PACKETS, packets.samePacket),
  'syn-storm': ofCapture(LINES, packets.synStorm),
  'overlapping-segments': ofCapture(LINES, packets.overlappingSegments),
  'arp-storm': ofCapture(LINES, packets.arpStorm),
  'icmp-errors': ofCapture(LINES, packets.icmpErrors),
  'icmp-errors-shown': ofCapture(LINES, packets.icmpErrors, ['show', '@']),
  'pcapng-interfaces': ofBlocks([15_000, 30_000, 60_000], blocks.interfaces),
  'pcapng-sections': ofBlocks(LINES, blocks.sections),
  'pcapng-empty-blocks': ofBlocks([1e6, 2e6, 4e6], blocks.empty),
  'pcapng-comments': ofBlocks([100, 200, 400], blocks.comments),
  'pcapng-interfaces-shown': ofBlocks([15_000, 30_000, 60_000], blocks.interfaces, ['show', '@']),
  'jumps-doubled': ofText('rules.v4', [10, 20, 40, 80], texts.doubledJumps),
  'jumps-doubled-lint': ofText('rules.v4', [10, 20, 40, 80], texts.doubledJumps, ['lint', '@']),
  'jumps-doubled-trace': ofText('rules.v4', [10, 20, 40, 80], texts.doubledJumps, TRACE),
  'jumps-doubled-diff': ofText('rules.v4', [10, 20, 40, 80], texts.doubledJumps, [
    'diff',
    '@',
    '--what-if',
    'iptables -I INPUT -p udp -j DROP',
  ]),
  'jumps-doubled-nft': ofText('nft.txt', [10, 20, 40, 80], texts.doubledJumpsNft, TRACE),
  'jumps-doubled-nft-lint': ofText('nft.txt', [10, 20, 40, 80], texts.doubledJumpsNft, ['lint', '@']),
  'jumps-long': ofText('rules.v4', [1000, 2000, 4000], texts.longJumps, TRACE),
  'jumps-long-lint': ofText('rules.v4', [1000, 2000, 4000], texts.longJumps, ['lint', '@']),
  'address-lists': ofText('rules.v4', LINES, texts.addressLists, TRACE),
  'address-lists-lint': ofText('rules.v4', LINES, texts.addressLists, ['lint', '@']),
  'rules-overlap': ofText('rules.v4', [2500, 5000, 10_000], texts.overlappingRules, TRACE),
  'rules-overlap-lint': ofText('rules.v4', [2500, 5000, 10_000], texts.overlappingRules, ['lint', '@']),
  'rules-overlap-diff': ofText('rules.v4', [2500, 5000, 10_000], texts.overlappingRules, [
    'diff',
    '@',
    '--what-if',
    'iptables -I INPUT -p udp -j DROP',
  ]),
  set: ofText('ipset.txt', [250_000, 500_000, 1e6], (size) => ipset(size)),
  'nft-set': ofText('nft.txt', LINES, texts.nftSet, TRACE),
  comment: ofText('rules.v4', BYTES, texts.comment, TRACE),
  remarks: ofText('rules.v4', BYTES, texts.remarks, TRACE),
  'line-of-x': ofText('notes.txt', BYTES, (size) => texts.line(size, 'x')),
  'line-of-blanks': ofText('notes.txt', BYTES, (size) => texts.line(size, ' \t')),
  'line-of-prompts': ofText('notes.txt', BYTES, (size) => texts.line(size, '$ ip a ')),
  'line-of-hosts': ofText('notes.txt', BYTES, (size) => texts.line(size, 'a@b:~# ')),
  'line-of-digits': ofText('notes.txt', BYTES, (size) => texts.line(size, '10.0.0.1 ')),
  'line-of-options': ofText(
    'rules.v4',
    BYTES,
    (size) => `*filter\n-A INPUT ${texts.line(size, '-m comment --comment "x" ')}COMMIT\n`,
  ),
  'line-of-tcpdump': ofText('notes.txt', BYTES, (size) =>
    texts.line(size, '12:00:00.000000 IP 10.9.0.2.4000 > 10.9.0.1.53: '),
  ),
  'line-of-quotes': ofText(
    'rules.v4',
    BYTES,
    (size) => `*filter\n-A INPUT ${texts.line(size, '"a\\" ')}COMMIT\n`,
  ),
  'line-of-nft': ofText(
    'nft.txt',
    BYTES,
    (size) => `table ip t {\n\tchain c {\n\t\t${texts.line(size, 'tcp dport 22 ')}\t}\n}\n`,
  ),
  'line-of-colours': ofText('notes.txt', BYTES, (size) => texts.line(size, '\x1b]')),
  'nested-json': ofText('a.json', BYTES, texts.nestedJson),
  conntrack: ofText('conntrack.txt', LINES, texts.conntrack, TRACE),
  'conntrack-one-tuple': ofText('conntrack.txt', LINES, (size) => texts.conntrack(size, true), TRACE),
  routes: ofText('ip-route.txt', LINES, texts.routes4, TRACE),
  'routes-one-identifier': ofText('ip-route6.txt', [12_500, 25_000, 50_000], texts.routes6, [
    'trace',
    '@',
    '--from',
    'host',
    '--to',
    '2001:db8::1',
  ]),
  links: ofText('ip-addr.txt', [2500, 5000, 10_000], texts.links, TRACE),
  'links-topology': ofText('ip-addr.txt', [2500, 5000, 10_000], texts.links, ['topology', '@']),
  neighbours: ofText('ip-neigh.txt', LINES, texts.neighbours, TRACE),
  session: ofText('session.txt', [500, 1000, 2000], (size) => texts.session(size)),
  'session-with-gaps': ofText('session.txt', [1e6, 4e6, 16e6], texts.sparseSession),
  loops: ofText('setup.sh', [4, 6, 8, 10], texts.loops),
  'tcpdump-lines': ofText('tcpdump.txt', [25_000, 50_000, 100_000], texts.tcpdumpLines),
};
