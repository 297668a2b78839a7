/** The internet sockets of `netstat -lntup`: net-tools netstat.c. */

import type { Issue } from '../../base/issue.ts';
import { wordTable } from '../../base/word-table.ts';
import { familyOf } from '../../net/ip.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import type { Socket } from '../records.ts';
import { type Endpoint, parseEndpoint, socketProtocol } from '../socket-record.ts';
import type { DumpText } from '../text.ts';

const HEADER = /^\s*Proto\s+Recv-Q\s+Send-Q\s+Local Address\s+Foreign Address\b/;
const TITLE = /^\s*Active (?:Internet|UNIX|Bluetooth|IPX|AX\.25|X\.25)/;
const ROW = /^\s*(tcp6?|udp6?|udpl6?|sctp6?|raw6?)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s*(.*)$/;

export const netstat: Format = {
  id: 'netstat',
  command: 'netstat -lntup',
  recognise: (text) => firstLine(text, HEADER),
  parse: parseSockets,
};

/** By ss's names, which are the kernel's. */
const STATES = wordTable<string>({
  ESTABLISHED: 'ESTAB',
  SYN_SENT: 'SYN-SENT',
  SYN_RECV: 'SYN-RECV',
  FIN_WAIT1: 'FIN-WAIT-1',
  FIN_WAIT2: 'FIN-WAIT-2',
  TIME_WAIT: 'TIME-WAIT',
  CLOSE: 'UNCONN',
  CLOSE_WAIT: 'CLOSE-WAIT',
  LAST_ACK: 'LAST-ACK',
  LISTEN: 'LISTEN',
  CLOSING: 'CLOSING',
  '7': 'UNCONN',
});

/** A socket and how it was written. */
export interface SocketRow {
  readonly protocol: string;
  readonly local: Endpoint;
  readonly socket: Socket;
}

function parseSockets(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const rows: SocketRow[] = [];
  let other = false;
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || HEADER.test(line)) return;
    if (TITLE.test(line)) {
      other = !/Internet/.test(line);
      return;
    }
    if (other) return;
    const row = parseRow(line, { path: text.path, line: index + 1 });
    if (row) rows.push(row);
    else
      issues.push(badLine(text.path, index + 1, line, 'a socket: `tcp 0 0 127.0.0.1:80 0.0.0.0:* LISTEN`'));
  });
  return { content: { kind: 'sockets', sockets: withFamilies(rows) }, issues };
}

/** An IPv6 socket for any address takes IPv4 too, unless an IPv4 one holds the same port beside it. */
export function withFamilies(rows: readonly SocketRow[]): Socket[] {
  const held = new Set(rows.filter(({ local }) => local.any === '4').map(({ socket }) => portKey(socket)));
  return rows.map(({ protocol, local, socket }): Socket => {
    const any = protocol.endsWith('6') && local.any !== undefined;
    return any && held.has(portKey(socket)) ? { ...socket, family: 6 } : socket;
  });
}

function portKey(socket: Socket): string {
  return `${socket.protocol} ${socket.port}`;
}

function parseRow(line: string, span: Socket['span']): SocketRow | undefined {
  const match = ROW.exec(line);
  if (!match) return undefined;
  const [, name = '', receive, send, from = '', to = '', rest = ''] = match;
  const local = parseEndpoint(from, name.startsWith('raw'));
  const peer = parseEndpoint(to, name.startsWith('raw'));
  if (!local || !peer) return undefined;
  const state = /^([A-Z_0-9]+)\b(?!\/)/.exec(rest)?.[1];
  const known = state === undefined ? undefined : STATES[state];
  const user = /(?:^|\s)(\d+)\/(\S.*?)\s*$/.exec(rest);
  const protocol = socketProtocol(name);
  return {
    protocol: name,
    local,
    socket: {
      protocol,
      state: known ?? (peer.address === undefined ? 'UNCONN' : 'ESTAB'),
      ...(local.address === undefined ? {} : { address: local.address }),
      family: local.address !== undefined ? familyOf(local.address) : name.endsWith('6') ? 'both' : 4,
      ...(local.device === undefined ? {} : { device: local.device }),
      port: local.port,
      ...(peer.address === undefined ? {} : { peer: { address: peer.address, port: peer.port } }),
      receiveQueue: Number(receive),
      sendQueue: Number(send),
      ...(user?.[2] === undefined ? {} : { process: user[2] }),
      ...(user?.[1] === undefined ? {} : { pid: Number(user[1]) }),
      span,
    },
  };
}
