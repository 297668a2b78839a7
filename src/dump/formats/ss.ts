/** The internet sockets of `ss -lntup` or `ss -tunape --inet-sockopt`, with any choice of columns: iproute2 misc/ss.c. */
import type { Issue } from '../../base/issue.ts';
import { familyOf } from '../../net/ip.ts';
import { badLine, type Format, firstLine, mostLines, type Parsed } from '../format.ts';
import type { Socket } from '../records.ts';
import { type Endpoint, parseEndpoint, socketProtocol } from '../socket-record.ts';
import type { DumpText } from '../text.ts';

const HEADER =
  /^\s*(Netid\s+)?(State\s+)?Recv-Q\s+Send-Q\s+Local Address\s*:\s*Port\s+Peer Address\s*:\s*Port/;
const STATES =
  'LISTEN|UNCONN|ESTAB|SYN-SENT|SYN-RECV|NEW-SYN-RECV|FIN-WAIT-1|FIN-WAIT-2|TIME-WAIT|CLOSE-WAIT|LAST-ACK|CLOSING|CLOSED?|UNKNOWN';
/** `ss -H`: no header. */
const ROW = new RegExp(
  `^(?:(?:tcp|udp|sctp|dccp|raw|mptcp|icmp6)\\s+)?(?:${STATES})\\s+\\d+\\s+\\d+\\s+\\S+:\\S+\\s+\\S+:\\S+`,
);

export const ss: Format = {
  id: 'ss',
  command: 'ss -lntup',
  recognise: (text) => firstLine(text, HEADER) ?? mostLines(text, ROW),
  parse: parseSockets,
};

interface Row {
  readonly protocol: string;
  readonly state: string;
  readonly queues: readonly [number, number];
  readonly local: Endpoint;
  readonly peer: Endpoint;
  readonly rest: string;
  readonly line: number;
}

/** Columns in front of the queues; `ss -lnt` prints no Netid, `ss state established` no State. */
interface Columns {
  readonly netid: boolean;
  readonly state: boolean;
}

function parseSockets(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const rows: Row[] = [];
  let columns: Columns | undefined;
  /** What is set in below a line that isn't a socket of the network is none of the one before. */
  let isBelowRow = false;
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const header = HEADER.exec(line);
    if (header) {
      columns = { netid: header[1] !== undefined, state: header[2] !== undefined };
      return;
    }
    const last = rows.at(-1);
    if (/^\s/.test(line) && !/^\s*(?:tcp|udp|raw|sctp)\s/.test(line)) {
      const more = /(?:users:\(\(|inet-sockopt:).*/.exec(line)?.[0];
      if (more !== undefined && last && isBelowRow)
        rows[rows.length - 1] = { ...last, rest: `${last.rest} ${more}` };
      return;
    }
    const row = parseRow(line, columns, text, index + 1);
    isBelowRow = row !== undefined && row !== 'bad';
    if (row === 'bad') {
      issues.push(badLine(text.path, index + 1, line, 'a socket: `tcp LISTEN 0 128 127.0.0.1:80 0.0.0.0:*`'));
    } else if (row) rows.push(row);
  });
  const old = isOldStyle(rows);
  return { content: { kind: 'sockets', sockets: rows.map((row) => socketOf(row, old, text.path)) }, issues };
}

/** Families of sockets that no packet of the network reaches. */
const LOCAL = /^(?:nl|u_str|u_seq|u_dgr|p_raw|p_dgr|v_str|v_dgr|ti_\w+|xdp|unix|vsock|tipc)$/;
const NETID = /^(?:tcp|udp|sctp|dccp|raw|mptcp|icmp6|\?\?\?)6?$/;

function parseRow(
  line: string,
  columns: Columns | undefined,
  text: DumpText,
  number: number,
): Row | undefined | 'bad' {
  const words = line.trim().split(/\s+/);
  let at = 0;
  let protocol: string | undefined;
  const first = words[0] ?? '';
  if (LOCAL.test(first)) return undefined;
  if (columns?.netid ?? NETID.test(first)) {
    if (!NETID.test(first)) return 'bad';
    protocol = first;
    at++;
  }
  let state = 'ESTAB';
  if (columns?.state ?? true) state = words[at++] ?? '';
  const [receive, send, local, peer] = words.slice(at, at + 4);
  if (!/^[A-Z][A-Z0-9-]+$/.test(state) || !/^\d+$/.test(receive ?? '') || !/^\d+$/.test(send ?? ''))
    return 'bad';
  const raw = protocol === 'raw' || protocol === 'icmp6';
  const from = parseEndpoint(local ?? '', raw);
  const to = parseEndpoint(peer ?? '', raw);
  if (!from || !to) return 'bad';
  return {
    protocol: protocol ?? protocolOf(text, state),
    state,
    queues: [Number(receive), Number(send)],
    local: from,
    peer: to,
    rest: words.slice(at + 4).join(' '),
    line: number,
  };
}

/** Without a Netid column there was one protocol: the command's, or the one that has such states. */
function protocolOf(text: DumpText, state: string): string {
  const options = /^ss\s+(.*)/.exec(text.echo?.command ?? '')?.[1] ?? '';
  if (/(?:^|\s)(?:-[a-zA-Z]*u[a-zA-Z]*|--udp)\b/.test(options)) return 'udp';
  return state === 'UNCONN' ? 'udp' : 'tcp';
}

/**
 * Before iproute2 4.17 `*` was IPv4's any address and `::` IPv6's; since then `0.0.0.0` is IPv4's, `[::]` that of a socket
 * for IPv6 only, and `*` that of one for both.
 */
function isOldStyle(rows: readonly Row[]): boolean {
  if (rows.some(({ local, peer }) => local.any === '4' || peer.any === '4')) return false;
  return (
    rows.some(
      ({ local, peer }) => peer.any === '*' && local.address !== undefined && familyOf(local.address) === 4,
    ) ||
    (rows.some(({ local }) => local.any === '6') &&
      rows.some(({ local }) => local.any === '*') &&
      rows.every(({ peer }) => peer.any !== '*' || peer.port === 0))
  );
}

function socketOf(row: Row, old: boolean, path: string): Socket {
  const { local, peer } = row;
  const only = /\bv6only:([01])\b/.exec(row.rest)?.[1];
  const user = /users:\(\("([^"]*)",(?:pid=)?(\d+)/.exec(row.rest);
  const options = /inet-sockopt: \(([^)]*)\)/.exec(row.rest)?.[1]?.split(' ');
  const mark =
    /\bfwmark:(0x[0-9a-f]{1,8})\b/.exec(row.rest)?.[1] ?? (/\bino:\d/.test(row.rest) ? '0' : undefined);
  const [receive, send] = row.queues;
  const connected = peer.address !== undefined;
  return {
    protocol: socketProtocol(row.protocol),
    state: row.state,
    ...(local.address === undefined ? {} : { address: local.address }),
    family: familyFor(local, old, only),
    ...(local.device === undefined ? {} : { device: local.device }),
    port: local.port,
    ...(connected
      ? { peer: { ...(peer.address === undefined ? {} : { address: peer.address }), port: peer.port } }
      : {}),
    receiveQueue: receive,
    sendQueue: send,
    ...(user?.[1] === undefined ? {} : { process: user[1] }),
    ...(user?.[2] === undefined ? {} : { pid: Number(user[2]) }),
    ...(options ? { transparent: options.includes('transparent') } : {}),
    ...(mark === undefined ? {} : { mark: Number(mark) }),
    span: { path, line: row.line },
  };
}

/** `only`: the 0 or 1 of v6only. */
function familyFor(local: Endpoint, old: boolean, only: string | undefined): Socket['family'] {
  if (local.address !== undefined) return familyOf(local.address);
  if (only !== undefined) return only === '1' ? 6 : 'both';
  if (local.any === '4') return 4;
  if (local.any === '6') return old ? 'both' : 6;
  return old ? 4 : 'both';
}
