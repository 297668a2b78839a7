/** nf_conntrack_tcp_packet(), net/netfilter/nf_conntrack_proto_tcp.c. */
import type { CtDirection } from '../../skb/nfct.ts';
import type { Segment } from './segment.ts';
import { isClosing, nextState, type SegmentKind, segmentKind, type TcpState } from './tcp-states.ts';
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
}

export type TcpResult =
  /** `timeout` undefined: the entry's life isn't prolonged. */
  | { readonly kind: 'accept'; readonly timeout?: number; readonly assure?: boolean; readonly kill?: boolean }
  | { readonly kind: 'invalid' }
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
  } else {
    if (!settings.loose) return undefined;
    original.maxEnd = uint(segment.end + original.maxWindow);
    for (const side of [original, reply]) {
      side.sackPermitted = true;
      side.liberal = true;
    }
  }
  return {
    state: 'NONE',
    sides: { original, reply },
    last: {
      kind: 'none',
      direction: undefined,
      sequence: 0,
      acknowledgement: 0,
      end: 0,
      window: 0,
      scale: 0,
      scaled: false,
      sackPermitted: false,
      expectChallengeAck: false,
    },
    simultaneousOpen: false,
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
    sides[direction] = emptySide();
    last.expectChallengeAck = false;
  } else if (next === 'TIME_WAIT' && isChallengeAck(tracking, direction, kind, old)) {
    last.expectChallengeAck = false;
    return IGNORED;
  } else if (next === 'SYN_SENT2') {
    tracking.simultaneousOpen = true;
  } else if (next === 'SYN_RECV' && direction === 'reply' && kind === 'ack' && tracking.simultaneousOpen) {
    next = 'ESTABLISHED';
  } else if (next === 'CLOSE' && kind === 'rst' && isClosing(old)) {
    checkWindow = false;
  } else if (next === 'CLOSE' && kind === 'rst') {
    const established = old === 'ESTABLISHED';
    if (receiver.maxAck !== undefined && last.kind !== 'syn' && !(segment.sequence === 0 && !established)) {
      if (before(segment.sequence, receiver.maxAck) && !settings.ignoreInvalidRst) return INVALID;
      const follows = last.kind === 'ack' && last.direction === direction && segment.sequence === last.end;
      // Not exactly the next byte: a challenge ACK may still come, so the connection is kept.
      if (established && segment.sequence !== receiver.maxAck && !follows) next = old;
    }
    const answersIgnored =
      (status.seenReply && last.kind === 'syn') || (!status.assured && last.kind === 'ack');
    if (answersIgnored && segment.acknowledgement === last.end) checkWindow = false;
  }
  if (checkWindow) {
    const window = inWindow(tracking, direction, kind, segment, settings);
    if (window === 'ignore') return IGNORED;
    if (window === 'invalid') return INVALID;
  }
  last.kind = kind;
  last.direction = direction;
  tracking.state = next;
  if (old !== next && next === 'FIN_WAIT') sides[direction].closeInit = true;
  return conclude(tracking, old, next, kind, status, settings);
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
  if (tracking.retransmissions >= settings.maxRetransmissions) timeout = Math.min(usual, retransmitting);
  else if (kind === 'rst') timeout = settings.timeout('close');
  else if (sides.original.unacknowledged || sides.reply.unacknowledged) {
    timeout = Math.min(usual, unacknowledged);
  } else if (tracking.last.window === 0) timeout = Math.min(usual, retransmitting);
  if (!status.seenReply) {
    if (kind === 'rst') return { kind: 'accept', kill: true };
    if (kind === 'syn' && old === 'SYN_SENT') return IGNORED;
    if (next === 'ESTABLISHED') timeout = Math.min(timeout, unacknowledged);
    return { kind: 'accept', timeout };
  }
  const assure = !status.assured && next === 'ESTABLISHED' && (old === 'SYN_RECV' || old === 'ESTABLISHED');
  return { kind: 'accept', timeout, assure };
}
