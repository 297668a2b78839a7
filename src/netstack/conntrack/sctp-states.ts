/** The SCTP state machine of conntrack: sctp_conntracks[][][] of net/netfilter/nf_conntrack_proto_sctp.c. */
import type { CtDirection } from '../../skb/nfct.ts';

export type SctpState =
  | 'NONE'
  | 'CLOSED'
  | 'COOKIE_WAIT'
  | 'COOKIE_ECHOED'
  | 'ESTABLISHED'
  | 'SHUTDOWN_SENT'
  | 'SHUTDOWN_RECD'
  | 'SHUTDOWN_ACK_SENT'
  | 'HEARTBEAT_SENT';

/** Chunk types (RFC 9260, section 3.2) that conntrack reads. */
export const CHUNK = {
  data: 0,
  init: 1,
  initAck: 2,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  error: 9,
  cookieEcho: 10,
  cookieAck: 11,
  shutdownComplete: 14,
} as const;

const COLUMNS: readonly SctpState[] = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
];

export function isSctpState(name: string): name is SctpState {
  return COLUMNS.some((state) => state === name);
}

const LETTERS: Readonly<Record<string, SctpState>> = {
  no: 'NONE',
  cl: 'CLOSED',
  cw: 'COOKIE_WAIT',
  ce: 'COOKIE_ECHOED',
  es: 'ESTABLISHED',
  ss: 'SHUTDOWN_SENT',
  sr: 'SHUTDOWN_RECD',
  sa: 'SHUTDOWN_ACK_SENT',
  hs: 'HEARTBEAT_SENT',
};

/** Two letters a state, `--` invalid. Columns: NO CL CW CE ES SS SR SA HS, the state before. */
const TABLE: Readonly<Record<CtDirection, Readonly<Record<number, string>>>> = {
  original: {
    [CHUNK.init]: '            cl cl cw ce es cl cl sa cw',
    [CHUNK.initAck]: '         cl cl cw ce es ss sr sa cl',
    [CHUNK.abort]: '           cl cl cl cl cl cl cl cl cl',
    [CHUNK.shutdown]: '        cl cl cw ce ss ss sr sa cl',
    [CHUNK.shutdownAck]: '     sa cl cw ce es sa sa sa sa',
    [CHUNK.error]: '           cl cl cw ce es ss sr sa cl',
    [CHUNK.cookieEcho]: '      cl cl ce ce es ss sr sa cl',
    [CHUNK.cookieAck]: '       cl cl cw es es ss sr sa cl',
    [CHUNK.shutdownComplete]: 'cl cl cw ce es ss sr cl cl',
    [CHUNK.heartbeat]: '       hs cl cw ce es ss sr sa hs',
    [CHUNK.heartbeatAck]: '    cl cl cw ce es ss sr sa hs',
  },
  reply: {
    [CHUNK.init]: '            -- cl cw ce es ss sr sa --',
    [CHUNK.initAck]: '         -- cw cw ce es ss sr sa --',
    [CHUNK.abort]: '           -- cl cl cl cl cl cl cl --',
    [CHUNK.shutdown]: '        -- cl cw ce sr ss sr sa --',
    [CHUNK.shutdownAck]: '     -- cl cw ce es sa sa sa --',
    [CHUNK.error]: '           -- cl cw cl es ss sr sa --',
    [CHUNK.cookieEcho]: '      -- cl ce ce es ss sr sa --',
    [CHUNK.cookieAck]: '       -- cl cw es es ss sr sa --',
    [CHUNK.shutdownComplete]: '-- cl cw ce es ss sr cl --',
    [CHUNK.heartbeat]: '       -- cl cw ce es ss sr sa hs',
    [CHUNK.heartbeatAck]: '    -- cl cw ce es ss sr sa es',
  },
};

/** sctp_new_state(): chunks without a row change nothing. Undefined is invalid. */
export function nextSctpState(direction: CtDirection, type: number, state: SctpState): SctpState | undefined {
  const row = TABLE[direction][type];
  if (row === undefined) return state;
  return LETTERS[
    row
      .trim()
      .slice(COLUMNS.indexOf(state) * 3)
      .slice(0, 2)
  ];
}
