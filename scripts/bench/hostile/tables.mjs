/** What is made to be expensive: by name, its sizes, what writes it, and the command that reads it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { device, loopback } from '../captures/dumps.mjs';
import { ipset } from '../rulesets/ipset.mjs';
import * as blocks from './blocks.mjs';
import * as packets from './packets.mjs';
import * as texts from './texts.mjs';

const LINES = [50_000, 100_000, 200_000];
const BYTES = [1e6, 4e6, 16e6];
/** Each of these is a flow that is explained. */
const FLOWS = [2500, 5000, 10_000];
/** So many that they are read as large captures are. */
const COUNTED = [200_000, 400_000, 800_000];
const DEPTHS = [12, 25, 50, 100];
/** Lines of a script. */
const TYPED = [25_000, 50_000, 100_000];
const CHAINS = [1000, 2000, 4000];

/** A host with one interface. */
const ADDRESSES = loopback() + device(2, 'eth0', '02:42:0a:09:00:02', '10.9.0.2/24');
const ROUTES = 'default via 10.9.0.1 dev eth0 \n10.9.0.0/24 dev eth0 proto kernel scope link src 10.9.0.2 \n';

/** Its dumps and the file are in one folder; `@` in the command stands for that, `@/` for a file in it. */
function row(name, sizes, write, words = ['analyze', '@']) {
  return {
    sizes,
    make(folder, size) {
      const host = join(folder, 'host');
      mkdirSync(host);
      writeFileSync(join(host, 'ip-addr.txt'), ADDRESSES);
      writeFileSync(join(host, 'ip-route.txt'), ROUTES);
      const place = words.some((word) => word.includes('@/')) ? folder : host;
      write(join(place, name), size);
    },
    command: (folder) =>
      words.map((word) => word.replace(/@\//, `${folder}/`).replace(/@$/, join(folder, 'host'))),
  };
}

const text = (name, sizes, make, words) =>
  row(name, sizes, (path, size) => writeFileSync(path, make(size)), words);
const capture = (sizes, write, words) => row('eth0.pcap', sizes, write, words);

const TRACE = ['trace', '@', '--from', 'host', '--to', '8.8.8.8'];
const LINT = ['lint', '@'];
const SHOW = ['show', '@'];
const DIFF = ['diff', '@', '--what-if', 'iptables -I INPUT -p udp -j DROP'];
const INJECT = ['replay', '@', '--inject', 'host:eth0=@/eth0.pcap'];

export const HOSTILE = {
  'flows-one-hash': capture(COUNTED, packets.collidingFlows),
  'senders-one-hash': capture(FLOWS, packets.collidingAddresses),
  'senders-one-identifier': capture(FLOWS, packets.sameIdentifiers),
  'senders-one-identifier-counted': capture([150_000, 300_000, 600_000], packets.sameIdentifiers),
  'flows-unanswered': capture([10_000, 20_000, 40_000], packets.unanswered),
  'flows-chained': capture(FLOWS, packets.chainedFlows),
  'flows-chained-counted': capture([75_000, 150_000, 300_000], packets.chainedFlows),
  fragments: capture(LINES, (path, size) => packets.fragments(path, size, { step: 2 }), INJECT),
  'fragments-overlap': capture(LINES, (path, size) => packets.fragments(path, size, { step: 1 }), INJECT),
  'fragments-of-many': capture(
    LINES,
    (path, size) => packets.fragments(path, size, { step: 2, datagrams: 60_000 }),
    INJECT,
  ),
  'fragments-analysed': capture(LINES, (path, size) => packets.fragments(path, size, { step: 1 })),
  'same-packet': capture(LINES, packets.samePacket),
  syns: capture(LINES, packets.synStorm),
  'overlapping-segments': capture(LINES, packets.overlappingSegments),
  arp: capture(LINES, packets.arpStorm),
  'icmp-errors': capture(LINES, packets.icmpErrors),
  'records-empty': capture([1e5, 2e5, 4e5], packets.emptyRecords),
  'records-broken': capture(LINES, packets.brokenRecords),
  'pcapng-interfaces': row('a.pcapng', [15_000, 30_000, 60_000], blocks.interfaces),
  'pcapng-routed': row('a.pcapng', [1000, 2000, 4000], blocks.routedInterfaces),
  'pcapng-sections': row('a.pcapng', LINES, blocks.sections),
  'pcapng-empty-blocks': row('a.pcapng', [1e6, 2e6, 4e6], blocks.empty),
  'pcapng-comments': row('a.pcapng', [100, 200, 400], blocks.comments),
  'jumps-doubled': text('rules.v4', DEPTHS, texts.doubledJumps, TRACE),
  'jumps-doubled-lint': text('rules.v4', DEPTHS, texts.doubledJumps, LINT),
  'jumps-doubled-diff': text('rules.v4', DEPTHS, texts.doubledJumps, DIFF),
  'jumps-doubled-nft': text('nft.txt', DEPTHS, texts.doubledJumpsNft, TRACE),
  jumps: text('rules.v4', CHAINS, texts.longJumps, TRACE),
  'jumps-lint': text('rules.v4', [5000, 10_000, 20_000], texts.longJumps, LINT),
  'address-lists': text('rules.v4', LINES, texts.addressLists, TRACE),
  'rules-overlap': text('rules.v4', FLOWS, texts.overlappingRules, TRACE),
  'rules-overlap-lint': text('rules.v4', [1000, 2000, 4000], texts.overlappingRules, LINT),
  'rules-overlap-diff': text('rules.v4', [1000, 2000, 4000], texts.overlappingRules, DIFF),
  set: text('ipset.txt', [250_000, 500_000, 1e6], (size) => ipset(size), TRACE),
  'nft-chain-again': text('nft.txt', LINES, texts.chainAgain, TRACE),
  'nft-set': text('nft.txt', LINES, texts.nftSet, TRACE),
  comment: text('rules.v4', BYTES, texts.comment, TRACE),
  remarks: text('rules.v4', BYTES, texts.remarks, TRACE),
  'bad-lines': text('rules.v4', [10_000, 20_000, 40_000], texts.badLines, SHOW),
  'line-of-x': text('notes.txt', BYTES, (size) => texts.line(size, 'x'), SHOW),
  'line-of-blanks': text('notes.txt', BYTES, (size) => texts.line(size, ' \t'), SHOW),
  'line-of-prompts': text('notes.txt', BYTES, (size) => texts.line(size, '$ ip a '), SHOW),
  'line-of-digits': text('notes.txt', BYTES, (size) => texts.line(size, '10.0.0.1 '), SHOW),
  'line-of-options': text(
    'rules.v4',
    BYTES,
    (size) => texts.ruleOf(size, '-m comment --comment "x" '),
    TRACE,
  ),
  'line-of-quotes': text('rules.v4', BYTES, (size) => texts.ruleOf(size, '"a\\" '), TRACE),
  'line-of-nft': text('nft.txt', BYTES, (size) => texts.nftRuleOf(size, 'tcp dport 22 '), TRACE),
  'line-of-colours': text('notes.txt', BYTES, (size) => texts.line(size, '\x1b]'), SHOW),
  'nested-json': text('a.json', BYTES, texts.nestedJson, SHOW),
  conntrack: text('conntrack.txt', LINES, texts.conntrack, TRACE),
  'conntrack-one-tuple': text('conntrack.txt', LINES, (size) => texts.conntrack(size, true), TRACE),
  routes: text('ip-route-2.txt', LINES, texts.routes4, TRACE),
  'routes-ipv6': text('ip-6-route.txt', [12_500, 25_000, 50_000], texts.routes6, [
    ...['trace', '@', '--from', 'host', '--to', '2001:db8::1'],
  ]),
  links: text('ip-addr.txt', [2500, 5000, 10_000], texts.links, TRACE),
  'links-drawn': text('ip-addr.txt', [2500, 5000, 10_000], texts.links, ['topology', '@']),
  neighbours: text('ip-neigh.txt', LINES, texts.neighbours, TRACE),
  session: text('session.txt', [500, 1000, 2000], (size) => texts.session(size)),
  'session-with-gaps': text('session.txt', BYTES, texts.sparseSession),
  'typed-rules': text('setup.sh', TYPED, (size) => texts.typedRules(size, '-A'), TRACE),
  'typed-rules-before': text('setup.sh', TYPED, (size) => texts.typedRules(size, '-I'), TRACE),
  'typed-rules-away': text('setup.sh', TYPED, (size) => texts.typedRules(size, '-D'), TRACE),
  loops: text('setup.sh', [3, 6, 9], texts.loops),
  'tcpdump-lines': text('tcpdump.txt', FLOWS, texts.tcpdumpLines),
};
