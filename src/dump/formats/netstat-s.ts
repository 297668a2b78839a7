/**
 * `netstat -s`: the kernel's counters in net-tools' sentences (statistics.c), read back to the names that nstat prints. Counters
 * without a sentence are printed by name; those whose sentence isn't in the table below are left out.
 */
import { wordTable } from '../../base/word-table.ts';
import { type Format, mostLines, type Parsed, sample } from '../format.ts';
import type { Counter } from '../records.ts';
import type { DumpText } from '../text.ts';

const SECTION = /^(Ip|Icmp|IcmpMsg|Tcp|Udp|UdpLite|TcpExt|IpExt|MPTcpExt|Ip6|Icmp6|Udp6|UdpLite6|Sctp):\s*$/;
const LINE = /^\s+(?:\S.*: \d+|\d+ \S.*|\S.* \d+ \S.*|\S.*:)\s*$/;

export const netstatStatistics: Format = {
  id: 'netstat-s',
  command: 'netstat -s',
  recognise(text) {
    let section: string | undefined;
    for (const { line, number } of sample(text)) {
      if (SECTION.test(line)) section ??= `line ${number} \`${line.trim()}\``;
    }
    return section !== undefined && mostLines(text, new RegExp(`${SECTION.source}|${LINE.source}`))
      ? section
      : undefined;
  },
  parse: parseCounters,
};

/** Sentence (its number as `N`) → counter, by section. */
const SENTENCES = wordTable<Readonly<Record<string, string>>>({
  Ip: {
    'N total packets received': 'InReceives',
    'N with invalid headers': 'InHdrErrors',
    'N with invalid addresses': 'InAddrErrors',
    'N forwarded': 'ForwDatagrams',
    'N with unknown protocol': 'InUnknownProtos',
    'N incoming packets discarded': 'InDiscards',
    'N incoming packets delivered': 'InDelivers',
    'N requests sent out': 'OutRequests',
    'N outgoing packets dropped': 'OutDiscards',
    'N dropped because of missing route': 'OutNoRoutes',
    'N fragments dropped after timeout': 'ReasmTimeout',
    'N reassemblies required': 'ReasmReqds',
    'N packets reassembled ok': 'ReasmOKs',
    'N packet reassemblies failed': 'ReasmFails',
    'N packet reassembles failed': 'ReasmFails',
    'N fragments received ok': 'FragOKs',
    'N fragments failed': 'FragFails',
    'N fragments created': 'FragCreates',
  },
  Icmp: {
    'N ICMP messages received': 'InMsgs',
    'N input ICMP message failed': 'InErrors',
    'N input ICMP message failed.': 'InErrors',
    'N ICMP messages sent': 'OutMsgs',
    'N ICMP messages failed': 'OutErrors',
  },
  Tcp: {
    'N active connection openings': 'ActiveOpens',
    'N active connections openings': 'ActiveOpens',
    'N passive connection openings': 'PassiveOpens',
    'N failed connection attempts': 'AttemptFails',
    'N connection resets received': 'EstabResets',
    'N connections established': 'CurrEstab',
    'N segments received': 'InSegs',
    'N segments sent out': 'OutSegs',
    'N segments send out': 'OutSegs',
    'N segments retransmitted': 'RetransSegs',
    'N segments retransmited': 'RetransSegs',
    'N bad segments received': 'InErrs',
    'N bad segments received.': 'InErrs',
    'N resets sent': 'OutRsts',
  },
  Udp: {
    'N packets received': 'InDatagrams',
    'N packets to unknown port received': 'NoPorts',
    'N packets to unknown port received.': 'NoPorts',
    'N packet receive errors': 'InErrors',
    'N packets sent': 'OutDatagrams',
    'N receive buffer errors': 'RcvbufErrors',
    'N send buffer errors': 'SndbufErrors',
  },
  TcpExt: {
    'N times the listen queue of a socket overflowed': 'ListenOverflows',
    'N SYNs to LISTEN sockets dropped': 'ListenDrops',
    'N SYNs to LISTEN sockets ignored': 'ListenDrops',
    'N resets received for embryonic SYN_RECV sockets': 'EmbryonicRsts',
    'N invalid SYN cookies received': 'SyncookiesFailed',
    'N SYN cookies sent': 'SyncookiesSent',
    'N SYN cookies received': 'SyncookiesRecv',
    'N packets rejected in established connections because of timestamp': 'PAWSEstab',
    'N ICMP packets dropped because they were out-of-window': 'OutOfWindowIcmps',
    'N ICMP packets dropped because socket was locked': 'LockDroppedIcmps',
    'N fast retransmits': 'TCPFastRetrans',
    'N retransmits in slow start': 'TCPSlowStartRetrans',
    'N other TCP timeouts': 'TCPTimeouts',
    'N connections reset due to unexpected data': 'TCPAbortOnData',
    'N connections reset due to early user close': 'TCPAbortOnClose',
    'N connections aborted due to timeout': 'TCPAbortOnTimeout',
  },
});

/** Lines below `ICMP input histogram:`. */
const HISTOGRAM = wordTable<string>({
  'destination unreachable': 'DestUnreachs',
  'timeout in transit': 'TimeExcds',
  'time exceeded': 'TimeExcds',
  redirects: 'Redirects',
  redirect: 'Redirects',
  'echo requests': 'Echos',
  'echo request': 'Echos',
  'echo replies': 'EchoReps',
});

/** Sections of IPv6 have IPv4's sentences. */
function sentencesOf(section: string): Readonly<Record<string, string>> {
  return SENTENCES[section.replace(/6$/, '')] ?? {};
}

function parseCounters(text: DumpText): Parsed {
  const counters = new Map<string, Counter>();
  let section = '';
  let histogram = '';
  text.lines.forEach((line, index) => {
    const heading = SECTION.exec(line);
    if (heading) {
      section = heading[1] ?? '';
      histogram = '';
      return;
    }
    const input = /^\s+(?:ICMP )?(input|output) histogram:\s*$/i.exec(line)?.[1];
    if (input !== undefined) histogram = input === 'input' ? 'In' : 'Out';
    const found = section === '' ? undefined : counterOf(section, histogram, line);
    if (found) counters.set(found.name, { value: found.value, span: { path: text.path, line: index + 1 } });
  });
  return { content: { kind: 'counters', counters }, issues: [] };
}

function counterOf(
  section: string,
  histogram: string,
  line: string,
): { name: string; value: number } | undefined {
  const named = /^\s+(\S.*?): (\d+)\s*$/.exec(line);
  if (named) {
    const [, word = '', value] = named;
    const kind = Object.hasOwn(HISTOGRAM, word) && histogram !== '' ? HISTOGRAM[word] : undefined;
    if (kind !== undefined) return { name: `${section}${histogram}${kind}`, value: Number(value) };
    return /^\w+$/.test(word) ? { name: `${section}${word}`, value: Number(value) } : undefined;
  }
  const value = /\d+/.exec(line)?.[0];
  if (value === undefined) return undefined;
  const sentences = sentencesOf(section);
  const sentence = line.trim().replace(value, 'N');
  return Object.hasOwn(sentences, sentence)
    ? { name: `${section}${sentences[sentence]}`, value: Number(value) }
    : undefined;
}
