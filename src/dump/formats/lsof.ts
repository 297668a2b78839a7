/** The internet sockets of `lsof -i -n -P`: lsof's print.c. One socket is listed once for each process that has it open. */

import type { Issue } from '../../base/issue.ts';
import { wordTable } from '../../base/word-table.ts';
import { familyOf } from '../../net/ip.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import type { Socket } from '../records.ts';
import { parseEndpoint, socketProtocol } from '../socket-record.ts';
import type { DumpText } from '../text.ts';
import { type SocketRow, withFamilies } from './netstat.ts';

const HEADER =
  /^\s*COMMAND\s+PID\s+(?:TID\s+)?(?:TASKCMD\s+)?USER\s+FD\s+TYPE\s+DEVICE\s+SIZE\/OFF\s+NODE\s+NAME\b/;
const ROW =
  /^\s*(\S.*?)\s+(\d+)\s+\S+\s+\d+[a-zA-Z]*\s+(IPv[46])\s+\S+\s+\S+\s+(TCP|UDP|UDPLITE|SCTP)\s+(\S+?)(?:->(\S+))?(?:\s+\((\w+)\))?\s*$/;
/** Files, pipes and sockets of other kinds, which lsof lists without -i. */
const OTHER = /^\s*\S.*?\s+\d+\s+\S+\s+(?:cwd|rtd|txt|mem|DEL|NOFD|\d+\S*)\s+(?!IPv[46]\s)\S+/;

/** By ss's names, which are the kernel's. */
const STATES = wordTable<string>({
  ESTABLISHED: 'ESTAB',
  SYN_SENT: 'SYN-SENT',
  SYN_RECV: 'SYN-RECV',
  FIN_WAIT1: 'FIN-WAIT-1',
  FIN_WAIT2: 'FIN-WAIT-2',
  TIME_WAIT: 'TIME-WAIT',
  CLOSED: 'UNCONN',
  CLOSE: 'UNCONN',
  CLOSE_WAIT: 'CLOSE-WAIT',
  LAST_ACK: 'LAST-ACK',
  LISTEN: 'LISTEN',
  CLOSING: 'CLOSING',
});

export const lsof: Format = {
  id: 'lsof',
  command: 'lsof -i -n -P',
  recognise: (text) => firstLine(text, HEADER),
  parse: parseSockets,
};

function parseSockets(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const rows: SocketRow[] = [];
  const seen = new Set<string>();
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || HEADER.test(line) || OTHER.test(line)) return;
    const row = parseRow(line, { path: text.path, line: index + 1 });
    if (!row) {
      const expected =
        'a socket by number: `sshd 77 root 3u IPv4 1234 0t0 TCP *:22 (LISTEN)` (`lsof -i -n -P`)';
      issues.push(badLine(text.path, index + 1, line, expected));
      return;
    }
    const { protocol, socket } = row;
    const key = `${protocol} ${socket.family} ${socket.address} ${socket.port} ${socket.peer?.address} ${socket.peer?.port}`;
    if (!seen.has(key)) rows.push(row);
    seen.add(key);
  });
  return { content: { kind: 'sockets', sockets: withFamilies(rows) }, issues };
}

function parseRow(line: string, span: Socket['span']): SocketRow | undefined {
  const match = ROW.exec(line);
  if (!match) return undefined;
  const [, process = '', pid, type, name = '', from = '', to, state] = match;
  const local = parseEndpoint(from);
  const peer = to === undefined ? undefined : parseEndpoint(to);
  if (!local || (to !== undefined && !peer)) return undefined;
  const protocol = name.toLowerCase().replace('udplite', 'udpl');
  const six = type === 'IPv6';
  return {
    protocol: six ? `${protocol}6` : protocol,
    local,
    socket: {
      protocol: socketProtocol(protocol),
      state: STATES[state ?? ''] ?? (peer ? 'ESTAB' : 'UNCONN'),
      ...(local.address === undefined ? {} : { address: local.address }),
      family: local.address !== undefined ? familyOf(local.address) : six ? 'both' : 4,
      port: local.port,
      ...(peer?.address === undefined ? {} : { peer: { address: peer.address, port: peer.port } }),
      process,
      pid: Number(pid),
      span,
    },
  };
}
