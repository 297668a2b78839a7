/** The TCP state machine of conntrack: tcp_conntracks[][][] of net/netfilter/nf_conntrack_proto_tcp.c. */
import type { CtDirection } from '../../skb/nfct.ts';

export type TcpState =
  | 'NONE'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'SYN_SENT2';

/** What kind of segment it is, by its flags (get_conntrack_index()). */
export type SegmentKind = 'syn' | 'synack' | 'fin' | 'ack' | 'rst' | 'none';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const URG = 32;

export function segmentKind(flags: number): SegmentKind {
  if (flags & RST) return 'rst';
  if (flags & SYN) return flags & ACK ? 'synack' : 'syn';
  if (flags & FIN) return 'fin';
  return flags & ACK ? 'ack' : 'none';
}

/** Combinations that conntrack takes for sane; PSH, ECE, CWR and NS say nothing (tcp_error()). */
const VALID_FLAGS: ReadonlySet<number> = new Set([
  SYN,
  SYN | URG,
  SYN | ACK,
  RST,
  RST | ACK,
  FIN | ACK,
  FIN | ACK | URG,
  ACK,
  ACK | URG,
]);

export function hasValidFlags(flags: number): boolean {
  return VALID_FLAGS.has(flags & (FIN | SYN | RST | ACK | URG));
}

const COLUMNS: readonly TcpState[] = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
];

export function isTcpState(name: string): name is TcpState {
  return COLUMNS.some((state) => state === name);
}

/** Two letters a state, `--` invalid, `ig` let through without a change. Columns: the state before. */
const LETTERS: Readonly<Record<string, TcpState | 'invalid' | 'ignore'>> = {
  ss: 'SYN_SENT',
  sr: 'SYN_RECV',
  es: 'ESTABLISHED',
  fw: 'FIN_WAIT',
  cw: 'CLOSE_WAIT',
  la: 'LAST_ACK',
  tw: 'TIME_WAIT',
  cl: 'CLOSE',
  s2: 'SYN_SENT2',
  '--': 'invalid',
  ig: 'ignore',
};

//           NO SS SR ES FW CW LA TW CL S2
const TABLE: Readonly<Record<CtDirection, Readonly<Record<SegmentKind, string>>>> = {
  original: {
    syn: '   ss ss ig ig ig ig ig ss ss s2',
    synack: '   -- -- sr -- -- -- -- -- -- sr',
    fin: '   -- -- fw fw la la la tw cl --',
    ack: '   es -- es es cw cw tw tw cl --',
    rst: '   -- cl cl cl cl cl cl cl cl cl',
    none: '   -- -- -- -- -- -- -- -- -- --',
  },
  reply: {
    syn: '   -- s2 -- -- -- -- -- ss -- s2',
    synack: '   -- sr ig ig ig ig ig ig ig sr',
    fin: '   -- -- fw fw la la la tw cl --',
    ack: '   -- ig sr es cw cw tw tw cl ig',
    rst: '   -- cl cl cl cl cl cl cl cl cl',
    none: '   -- -- -- -- -- -- -- -- -- --',
  },
};

export function nextState(
  direction: CtDirection,
  kind: SegmentKind,
  state: TcpState,
): TcpState | 'invalid' | 'ignore' {
  const letters = TABLE[direction][kind].substring(3 + COLUMNS.indexOf(state) * 3).slice(0, 2);
  return LETTERS[letters] ?? 'invalid';
}

export function isClosing(state: TcpState): boolean {
  return COLUMNS.indexOf(state) >= COLUMNS.indexOf('FIN_WAIT') && state !== 'SYN_SENT2';
}
