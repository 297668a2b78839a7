/** help(), net/netfilter/nf_conntrack_ftp.c, and nf_nat_ftp(): the data connections that PORT, EPRT, 227 and 229 announce. */
import { type Family, formatIp, type Ip } from '../../../net/ip.ts';
import type { CtDirection } from '../../../skb/nfct.ts';
import type { Connection } from '../connection.ts';
import type { Expectation } from '../expectation.ts';
import {
  ACCEPT,
  type Helper,
  type HelperContext,
  type HelperOutcome,
  isEstablished,
  tcpData,
  textOf,
} from '../helper.ts';
import { followMaster, manglePacket } from '../mangle.ts';
import { after, before, opposite, uint } from '../tcp-window.ts';
import { type Announcement, findAnnouncement } from './ftp-command.ts';

/** struct nf_ct_ftp_master: sequence numbers behind a newline, where a command may begin. */
type FtpState = Record<CtDirection, number[]>;

const REMEMBERED = 2;

export const ftp: Helper = {
  protocols: [6],
  help(context) {
    const { skb, connection, tracked } = context;
    if (!isEstablished(context)) return ACCEPT;
    const data = tcpData(skb);
    if (!data) return ACCEPT;
    const { direction } = tracked;
    connection.helperState ??= { original: [], reply: [] };
    const state = connection.helperState as FtpState;
    const text = textOf(skb, data.start, data.end);
    const next = uint(data.sequence + text.length);
    const remember = (): void => {
      if (text.endsWith('\n')) rememberNewline(state[direction], next);
    };
    if (!state[direction].includes(data.sequence)) {
      remember();
      return ACCEPT;
    }
    const found = findAnnouncement(text, direction, connection.original.family);
    if (found === 'partial') return { drop: 'nf_ct_ftp: a command that goes on in the next segment' };
    const outcome = found ? expect(context, found, data.start) : ACCEPT;
    if (found !== undefined && outcome.drop !== undefined) return outcome;
    remember();
    return outcome;
  },
};

function rememberNewline(known: number[], sequence: number): void {
  if (known.includes(sequence)) return;
  if (known.length < REMEMBERED) {
    known.push(sequence);
    return;
  }
  const oldest = before(known[0] ?? 0, known[1] ?? 0) ? 0 : 1;
  if (after(sequence, known[oldest] ?? 0)) known[oldest] = sequence;
}

function expect(context: HelperContext, announced: Announcement, start: number): HelperOutcome {
  const { skb, connection, conntrack, tracked } = context;
  const { direction } = tracked;
  const back = connection[opposite(direction)];
  const own = connection[direction].source;
  // An address that isn't the speaker's own is not believed (the `loose` parameter is off).
  if ((announced.address ?? own) !== own) return ACCEPT;
  const translated = connection.srcNat || connection.dstNat;
  const expectation: Expectation = {
    master: connection,
    protocol: 6,
    source: back.source,
    destination: back.destination,
    destinationPort: announced.port,
    class: 0,
    timeout: 300,
    ...(translated
      ? { savedPort: announced.port, direction: opposite(direction), arrived: followMaster(context) }
      : {}),
  };
  const done = conntrack.expectations.add(expectation, 1, skb.time);
  if (!translated) return done === 'done' ? ACCEPT : { drop: 'nf_ct_ftp: cannot add expectation' };
  const text = formatted(announced.kind, connection, back.destination, announced.port);
  manglePacket(context, start + announced.from, start + announced.to, text);
  return done === 'done'
    ? ACCEPT
    : { assumption: 'the port that FTP announces is expected already; the kernel draws another at random' };
}

/** nf_nat_ftp_fmt_cmd() */
function formatted(kind: Announcement['kind'], { original }: Connection, address: Ip, port: number): string {
  switch (kind) {
    case 'PORT':
    case 'PASV':
      return `${formatIp(address).replaceAll('.', ',')},${port >> 8},${port & 255}`;
    case 'EPRT':
      return `|${original.family === 4 ? 1 : 2}|${plainAddress(original.family, address)}|${port}|`;
    case 'EPSV':
      return `|||${port}|`;
  }
}

/** The kernel's %pI6: eight groups of four digits. */
function plainAddress(family: Family, address: Ip): string {
  if (family === 4) return formatIp(address);
  return BigInt(address)
    .toString(16)
    .padStart(32, '0')
    .replace(/....(?=.)/g, '$&:');
}
