/** /proc/net/tcp, tcp6, udp, udp6, udplite, raw …: tcp4_seq_show(), net/ipv4/tcp_ipv4.c; udp4_seq_show(), raw_seq_show() and their IPv6 likes. */
import type { Issue } from '../../base/issue.ts';
import { familyOf, type Ip } from '../../net/ip.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import { ipv4OfHex, ipv6OfWords } from '../hex-address.ts';
import type { Hint } from '../hint.ts';
import type { Socket } from '../records.ts';
import type { Endpoint } from '../socket-record.ts';
import type { DumpText } from '../text.ts';
import { type SocketRow, withFamilies } from './netstat.ts';

const HEADER = /^\s*sl\s+local_address\s+rem(?:ote)?_address\s+st\s+tx_queue/;
const ROW =
  /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{2}) ([0-9A-F]{8}):([0-9A-F]{8})\b/i;

export const procNetSockets: Format = {
  id: 'proc-net-sockets',
  command: 'cat /proc/net/tcp',
  recognise: (text) => firstLine(text, HEADER),
  parse: parseSockets,
};

/** TCP_* of include/net/tcp_states.h by ss's names. */
const STATES = [
  'UNCONN',
  'ESTAB',
  'SYN-SENT',
  'SYN-RECV',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'TIME-WAIT',
  'UNCONN',
  'CLOSE-WAIT',
  'LAST-ACK',
  'LISTEN',
  'CLOSING',
  'SYN-RECV',
] as const;

/** The columns of tcp and of the others differ behind the inode; which of the others it is only the command tells. */
function parseSockets(text: DumpText, hint?: Hint): Parsed {
  const issues: Issue[] = [];
  const rows: SocketRow[] = [];
  const told = /\/net\/(tcp|udp|udplite|raw)6?\b/.exec(hint?.command ?? '')?.[1];
  let protocol = told ?? 'tcp';
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const span = { path: text.path, line: index + 1 };
    if (HEADER.test(line)) {
      const datagrams = /\bdrops\s*$/.test(line);
      protocol = told ?? (datagrams ? 'udp' : 'tcp');
      if (datagrams && told === undefined) {
        const text = 'sockets of udp, udplite or raw, which their columns do not tell apart; taken for udp';
        issues.push({ severity: 'warning', code: 'dump-assumed', text, ...span });
      }
      return;
    }
    const row = rowOf(line, protocol, span);
    if (row) rows.push(row);
    else issues.push(badLine(text.path, index + 1, line, 'a socket: `0: 0100007F:0016 00000000:0000 0A …`'));
  });
  return { content: { kind: 'sockets', sockets: withFamilies(rows) }, issues };
}

function rowOf(line: string, protocol: string, span: Socket['span']): SocketRow | undefined {
  const match = ROW.exec(line);
  if (!match) return undefined;
  const [, from = '', fromPort = '', to = '', toPort = '', state = '', send = '', receive = ''] = match;
  const six = from.length === 32;
  const local = endpoint(from, fromPort);
  const peer = endpoint(to, toPort);
  const known = STATES[Number.parseInt(state, 16)];
  if (!local || !peer || known === undefined || from.length !== to.length) return undefined;
  return {
    protocol: six ? `${protocol}6` : protocol,
    local,
    socket: {
      protocol: protocol === 'tcp' || protocol === 'udp' || protocol === 'raw' ? protocol : 'other',
      state: known,
      ...(local.address === undefined ? {} : { address: local.address }),
      family: local.address !== undefined ? familyOf(local.address) : six ? 'both' : 4,
      port: local.port,
      ...(peer.address === undefined ? {} : { peer: { address: peer.address, port: peer.port } }),
      receiveQueue: Number.parseInt(receive, 16),
      sendQueue: Number.parseInt(send, 16),
      span,
    },
  };
}

function endpoint(address: string, port: string): Endpoint | undefined {
  const value = address.length === 8 ? ipv4OfHex(address) : ipv6OfWords(address);
  if (value === undefined) return undefined;
  const number = Number.parseInt(port, 16);
  if (value === 0) return { any: '4', port: number };
  if (value === 0n) return { any: '6', port: number };
  return { address: unmapped(value), port: number };
}

/** An IPv4 address that an IPv6 socket holds is what the packets carry. */
function unmapped(address: Ip): Ip {
  return typeof address === 'bigint' && address >> 32n === 0xffffn ? Number(address & 0xffffffffn) : address;
}
