/** Lines of other tools that name one flow, pasted as they are. */
import { hasPorts } from '../net/protocol.ts';
import { isAddress, parseEnd } from './end.ts';
import { allOf, type End, type Filter } from './filter.ts';
import { protocolFilter } from './protocol.ts';

interface Line {
  readonly protocol?: string | undefined;
  readonly left: string;
  readonly right: string;
  /** The left one began; else it is only where this packet came from. */
  readonly began?: true;
}

const READERS: readonly ((text: string) => Line | undefined)[] = [
  conntrack,
  kernelLog,
  tcpdump,
  conversation,
  socket,
];

/** Undefined: it is no such line. */
export function parsePasted(text: string): Filter | undefined {
  const line = text.trim();
  for (const read of READERS) {
    const found = read(line);
    const filter = found && filterOf(found);
    if (filter) return filter;
  }
  return undefined;
}

function filterOf({ protocol, left, right, began }: Line): Filter | undefined {
  const [one, other] = [parseEnd(left), parseEnd(right)];
  if ('wrong' in one || 'wrong' in other) return undefined;
  const of = protocol === undefined ? undefined : protocolFilter(protocol);
  const portless = of?.kind === 'protocol' && !hasPorts(of.protocol);
  const bare = ({ host }: End): End => (host ? { host } : {});
  return allOf([
    ...(of ? [of] : []),
    {
      kind: 'flow',
      way: began ? 'to' : 'between',
      left: portless ? bare(one) : one,
      right: portless ? bare(other) : other,
    },
  ]);
}

/** `conntrack -L`, `/proc/net/nf_conntrack`: `udp 17 28 src=10.0.0.2 dst=8.8.8.8 sport=40000 dport=53 …`. */
function conntrack(text: string): Line | undefined {
  const [, source, destination] = /\bsrc=(\S+) dst=(\S+)/.exec(text) ?? [];
  if (source === undefined || destination === undefined) return undefined;
  const [, sport, dport] = /\bsport=(\d+) dport=(\d+)/.exec(text) ?? [];
  const protocol = /(?:^|\s)([a-z][a-z0-9-]*)\s+(\d+)\s/.exec(text.replace(/^\s*ipv[46]\s+\d+\s+/, ''))?.[2];
  return { protocol, left: end(source, sport), right: end(destination, dport), began: true };
}

/** Lines of the LOG target and of TRACE: `… SRC=10.0.0.2 DST=8.8.8.8 … PROTO=UDP SPT=40000 DPT=53 …`. */
function kernelLog(text: string): Line | undefined {
  const [, source, destination] = /\bSRC=(\S+) DST=(\S+)/.exec(text) ?? [];
  if (source === undefined || destination === undefined) return undefined;
  const [, sport, dport] = /\bSPT=(\d+) DPT=(\d+)/.exec(text) ?? [];
  const protocol = /\bPROTO=(\S+)/.exec(text)?.[1]?.toLowerCase();
  return { protocol, left: end(source, sport), right: end(destination, dport) };
}

/** `14:02:11.123456 IP 10.0.0.2.40000 > 8.8.8.8.53: Flags [S], …`, also from the addresses on. */
function tcpdump(text: string): Line | undefined {
  const [, left, right, rest = ''] =
    /(?:^|\bIP6?\s+(?:\([^)]*\)\s*)?)(\S+) > (\S+):(?: (.*))?$/.exec(text) ?? [];
  if (left === undefined || right === undefined) return undefined;
  return { protocol: told(rest), left, right };
}

/** By what tcpdump says behind the addresses. */
function told(rest: string): string | undefined {
  if (/^Flags \[/.test(rest)) return 'tcp';
  if (/^UDP\b/.test(rest) || /^\d+[+*|$-]*%? /.test(rest)) return 'udp';
  return /^(ICMP6?|SCTP)\b/i.exec(rest)?.[1]?.toLowerCase();
}

/** Wireshark's and tshark's lists: `10.0.0.2,40000,8.8.8.8,53,…` with commas or tabs, `10.0.0.2:40000 <-> 8.8.8.8:53  4 240 …`. */
function conversation(text: string): Line | undefined {
  const [, left, right] = /^(\S+)\s+<->\s+(\S+)\s+\d/.exec(text) ?? [];
  if (left !== undefined && right !== undefined) return { left, right };
  const cells = text.split(/\s*[,\t]\s*/).map((cell) => cell.replace(/^"(.*)"$/, '$1'));
  const [a = '', b = '', c = '', d = ''] = cells;
  if (cells.length >= 4 && isAddress(a) && /^\d+$/.test(b) && isAddress(c) && /^\d+$/.test(d))
    return { left: end(a, b), right: end(c, d) };
  return cells.length >= 3 && isAddress(a) && isAddress(b) ? { left: a, right: b } : undefined;
}

const SOCKET_STATES =
  /^(?:ESTAB|SYN-SENT|SYN-RECV|FIN-WAIT-[12]|TIME-WAIT|CLOSE-WAIT|LAST-ACK|CLOSING|CLOSED|UNCONN|LISTEN)$/;

/** `ss` and `netstat`: `udp ESTAB 0 0 10.0.0.2:40000 8.8.8.8:53`, `tcp 0 0 10.0.0.2:40000 8.8.8.8:53 ESTABLISHED`. */
function socket(text: string): Line | undefined {
  const words = text.split(/\s+/);
  const first = words[0]?.toLowerCase() ?? '';
  const protocol = /^(?:tcp|udp)6?$/.test(first) ? first.replace('6', '') : undefined;
  const rest = protocol === undefined ? words : words.slice(1);
  const state = SOCKET_STATES.test(rest[0] ?? '');
  if (protocol === undefined && !state) return undefined;
  const [receive = '', send = '', left, right] = state ? rest.slice(1) : rest;
  if (!/^\d+$/.test(receive) || !/^\d+$/.test(send) || left === undefined || right === undefined)
    return undefined;
  return { protocol, left: open(left), right: open(right) };
}

/** `0.0.0.0:*` and `[::]:80`: of no address in particular. */
function open(word: string): string {
  return word.replace(/^(?:0\.0\.0\.0|\[::\]|::|\*):/, '*:');
}

function end(address: string, port?: string): string {
  if (port === undefined) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
