/** nf_conntrack_tcp_packet(), net/netfilter/nf_conntrack_proto_tcp.c. */
import type { CtDirection } from '../../skb/nfct.ts';
import type { Segment } from './segment.ts';
import {
  isClosing,
  isTcpState,
  nextState,
  type SegmentKind,
  segmentKind,
  type TcpState,
} from './tcp-states.ts';
import {
  before,
  emptySide,
  inWindow,
  opposite,
  readOptions,
  type TcpSettings,
  type TcpTracking,
  uint,
} from './tcp-window.ts';

/** What the tracker knows of the entry beside its own state. */
export interface TcpStatus {
  readonly seenReply: boolean;
  readonly assured: boolean;
  /** Seconds it has left. */
  readonly left: number;
  /** nf_ct_seq_offset() of a side at a sequence number. */
  offset(side: CtDirection, sequence: number): number;
}

export type TcpResult =
  /** `timeout` undefined: the packet neither prolongs the entry's life nor counts. */
  | { readonly kind: 'accept'; readonly timeout?: number; readonly assure?: boolean; readonly kill?: boolean }
  /** `shorten`: seconds that the entry has left then. */
  | { readonly kind: 'invalid'; readonly shorten?: number }
  /** The entry is gone; look the packet up afresh. */
  | { readonly kind: 'repeat' };

const INVALID: TcpResult = { kind: 'invalid' };

const IGNORED: TcpResult = { kind: 'accept' };

/** tcp_new(): the tracking of a connection that this segment begins (or is picked up by), undefined when it can't. */
export function tcpNew(segment: Segment, settings: TcpSettings): TcpTracking | undefined {
  const first = nextState('original', segmentKind(segment.flags), 'NONE');
  if (first === 'invalid' || first === 'ignore') return undefined;
  const original = emptySide();
  const reply = emptySide();
  original.end = segment.end;
  original.maxWindow = Math.max(segment.window, 1);
  if (first === 'SYN_SENT') {
    original.maxEnd = segment.end;
    readOptions(original, segment);
    // What can't be known of the windows is no reason to call a segment INVALID.
    original.liberal = reply.liberal = segment.optionsCut === true;
  } else {
    if (!settings.loose) return undefined;
    original.maxEnd = uint(segment.end + original.maxWindow);
    for (const side of [original, reply]) {
      side.sackPermitted = true;
      side.liberal = true;
    }
  }
  return untouched(original, reply);
}

/**
 * What a dump tells of a connection: its state, nothing of its windows. As with a connection that is picked up, no segment
 * counts as out of the window.
 */
export function tcpOfDump(name: string): TcpTracking {
  const state = isTcpState(name) ? name : 'ESTABLISHED';
  const side = (closed: boolean) => ({
    ...emptySide(),
    liberal: true,
    sackPermitted: true,
    closeInit: closed,
  });
  const tracking = untouched(side(isClosing(state) && state !== 'CLOSE'), side(false));
  tracking.state = state;
  // A connection in CLOSE was reset; a SYN of the same side begins it anew.
  if (state === 'CLOSE') tracking.last.kind = 'rst';
  return tracking;
}

function untouched(
  original: TcpTracking['sides']['original'],
  reply: TcpTracking['sides']['reply'],
): TcpTracking {
  return {
    state: 'NONE',
    sides: { original, reply },
    last: {
      kind: 'none',
      direction: 'original',
      sequence: 0,
      acknowledgement: 0,
      end: 0,
      window: 0,
      scale: 0,
      scaled: false,
      sackPermitted: false,
      expectChallengeAck: false,
      simultaneousOpen: false,
    },
    retransmissions: 0,
  };
}

export function tcpPacket(
  tracking: TcpTracking,
  direction: CtDirection,
  segment: Segment,
  status: TcpStatus,
  settings: TcpSettings,
): TcpResult {
  const kind = segmentKind(segment.flags);
  const { last, sides } = tracking;
  const receiver = sides[opposite(direction)];
  let old = tracking.state;
  let next = nextState(direction, kind, old);
  if (next === 'invalid') return INVALID;
  if (next === 'SYN_SENT' && (old === 'TIME_WAIT' || old === 'CLOSE')) {
    const closed = sides.original.closeInit || sides.reply.closeInit;
    if (closed || (last.direction === direction && last.kind === 'rst')) return { kind: 'repeat' };
    next = 'ignore';
  }
  let checkWindow = true;
  if (next === 'ignore') {
    const answersIgnoredSyn =
      kind === 'synack' &&
      last.kind === 'syn' &&
      last.direction === opposite(direction) &&
      segment.acknowledgement === last.end;
    if (!answersIgnoredSyn) {
      remember(tracking, direction, kind, segment, old);
      return IGNORED;
    }
    old = 'SYN_SENT';
    next = 'SYN_RECV';
    Object.assign(receiver, emptySide(), {
      end: last.end,
      maxEnd: last.end,
      maxWindow: Math.max(last.window, 1),
      scale: last.scale,
      scaled: last.scaled,
      sackPermitted: last.sackPermitted,
    });
    sides[direction] = { ...emptySide(), liberal: sides[direction].liberal };
    last.expectChallengeAck = false;
  } else if (next === 'TIME_WAIT' && isChallengeAck(tracking, direction, kind, old)) {
    last.expectChallengeAck = false;
    return IGNORED;
  } else if (next === 'SYN_SENT2') {
    last.simultaneousOpen = true;
  } else if (next === 'SYN_RECV' && direction === 'reply' && kind === 'ack' && last.simultaneousOpen) {
    next = 'ESTABLISHED';
  } else if (next === 'CLOSE' && kind === 'rst' && isClosing(old)) {
    checkWindow = false;
  } else if (next === 'CLOSE' && kind === 'rst') {
    const verdict = judgeReset(tracking, direction, segment, status, settings);
    if (verdict === 'invalid') return INVALID;
    // Not exactly the next byte: a challenge ACK may still come, so the connection is kept.
    if (verdict === 'doubtful') next = old;
    if (verdict === 'answers') checkWindow = false;
  }
  if (checkWindow) {
    const window = inWindow(tracking, direction, kind, segment, settings, status.offset);
    if (window === 'ignore') return IGNORED;
    if (window === 'invalid') return shortenInvalid(tracking, direction, kind, status, settings);
  }
  last.kind = kind;
  last.direction = direction;
  tracking.state = next;
  if (old !== next && next === 'FIN_WAIT') sides[direction].closeInit = true;
  return conclude(tracking, old, next, kind, status, settings);
}

/**
 * The RST part of nf_conntrack_tcp_packet(). `answers`: it refuses a SYN or ACK that was let through unseen, and no window can
 * be held against it.
 */
function judgeReset(
  { last, sides, state }: TcpTracking,
  direction: CtDirection,
  segment: Segment,
  status: TcpStatus,
  settings: TcpSettings,
): 'plain' | 'invalid' | 'doubtful' | 'answers' {
  const { maxAck } = sides[opposite(direction)];
  let doubtful = false;
  if (maxAck !== undefined && last.kind !== 'syn') {
    const established = state === 'ESTABLISHED' && status.assured;
    if (segment.sequence === 0 && !established) return 'plain';
    if (before(segment.sequence, maxAck) && !settings.ignoreInvalidRst) return 'invalid';
    if (!established || segment.sequence === maxAck) return 'plain';
    if (last.kind === 'ack' && last.direction === direction && segment.sequence === last.end) return 'plain';
    doubtful = true;
  }
  const answersIgnored =
    (status.seenReply && last.kind === 'syn') || (!status.assured && last.kind === 'ack');
  if (answersIgnored && segment.acknowledgement === last.end) return 'answers';
  return doubtful ? 'doubtful' : 'plain';
}

/** nf_tcp_handle_invalid(): a FIN or RST out of the window, answered by another, ends an established connection sooner. */
function shortenInvalid(
  { last }: TcpTracking,
  direction: CtDirection,
  kind: SegmentKind,
  status: TcpStatus,
  settings: TcpSettings,
): TcpResult {
  if (!status.assured || (kind !== 'rst' && kind !== 'fin')) return INVALID;
  if (last.direction === direction || (last.kind !== 'fin' && last.kind !== 'rst')) {
    last.kind = kind;
    last.direction = direction;
    return INVALID;
  }
  const unacknowledged = settings.timeout('unacknowledged');
  if (status.left < 120 || status.left <= unacknowledged) return INVALID;
  return { kind: 'invalid', shorten: unacknowledged };
}

function isChallengeAck(
  { last }: TcpTracking,
  direction: CtDirection,
  kind: SegmentKind,
  old: TcpState,
): boolean {
  return (
    old === 'LAST_ACK' &&
    kind === 'ack' &&
    last.direction !== direction &&
    last.kind === 'syn' &&
    last.expectChallengeAck
  );
}

/** A segment let through without a change of state: what it said is kept, it may turn out to be the truth. */
function remember(
  { last }: TcpTracking,
  direction: CtDirection,
  kind: SegmentKind,
  segment: Segment,
  old: TcpState,
): void {
  last.kind = kind;
  last.direction = direction;
  last.sequence = segment.sequence;
  last.end = segment.end;
  last.window = segment.window;
  if (kind === 'syn' && direction === 'original') {
    last.scale = segment.scale ?? 0;
    last.scaled = segment.scale !== undefined;
    last.sackPermitted = segment.sackPermitted;
    last.expectChallengeAck = old === 'LAST_ACK';
    last.simultaneousOpen = false;
  }
  if (old === 'SYN_SENT' && kind === 'ack' && direction === 'reply') {
    last.acknowledgement = segment.acknowledgement;
  }
}

function conclude(
  tracking: TcpTracking,
  old: TcpState,
  next: TcpState,
  kind: SegmentKind,
  status: TcpStatus,
  settings: TcpSettings,
): TcpResult {
  const usual = settings.timeout(next.toLowerCase());
  const retransmitting = settings.timeout('max_retrans');
  const unacknowledged = settings.timeout('unacknowledged');
  const { sides } = tracking;
  let timeout = usual;
  if (tracking.retransmissions >= settings.maxRetransmissions && usual > retransmitting)
    timeout = retransmitting;
  else if (kind === 'rst') timeout = settings.timeout('close');
  else if ((sides.original.unacknowledged || sides.reply.unacknowledged) && usual > unacknowledged) {
    timeout = unacknowledged;
  } else if (tracking.last.window === 0 && usual > retransmitting) timeout = retransmitting;
  if (!status.seenReply) {
    if (kind === 'rst') return { kind: 'accept', kill: true };
    if (kind === 'syn' && old === 'SYN_SENT') return IGNORED;
    if (next === 'ESTABLISHED') timeout = Math.min(timeout, unacknowledged);
    return { kind: 'accept', timeout };
  }
  const assure = !status.assured && next === 'ESTABLISHED' && (old === 'SYN_RECV' || old === 'ESTABLISHED');
  return { kind: 'accept', timeout, assure };
}
