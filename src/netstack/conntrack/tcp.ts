/** nf_conntrack_tcp_packet() and tcp_in_window(), net/netfilter/nf_conntrack_proto_tcp.c. */
import type { CtDirection } from '../../skb/nfct.ts';
import type { Segment } from './segment.ts';
import { isClosing, nextState, type SegmentKind, segmentKind, type TcpState } from './tcp-states.ts';

/** struct ip_ct_tcp_state: what one side has sent and may send. Sequence numbers are uint32. */
interface Side {
  end: number;
  maxEnd: number;
  /** 0: nothing seen of this side yet. */
  maxWindow: number;
  maxAck?: number;
  scale: number;
  scaled: boolean;
  sackPermitted: boolean;
  liberal: boolean;
  closeInit: boolean;
  unacknowledged: boolean;
}

export interface TcpTracking {
  state: TcpState;
  readonly sides: Record<CtDirection, Side>;
  last: {
    kind: SegmentKind;
    direction: CtDirection | undefined;
    sequence: number;
    acknowledgement: number;
    end: number;
    window: number;
    scale: number;
    scaled: boolean;
    sackPermitted: boolean;
    expectChallengeAck: boolean;
  };
  simultaneousOpen: boolean;
  retransmissions: number;
}

export interface TcpSettings {
  readonly loose: boolean;
  readonly liberal: boolean;
  readonly ignoreInvalidRst: boolean;
  readonly maxRetransmissions: number;
  /** Seconds, by state or `max_retrans` and `unacknowledged`. */
  timeout(name: string): number;
}

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

const uint = (value: number): number => value >>> 0;
const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;
const after = (a: number, b: number): boolean => before(b, a);
const opposite = (direction: CtDirection): CtDirection => (direction === 'original' ? 'reply' : 'original');

function emptySide(): Side {
  return {
    end: 0,
    maxEnd: 0,
    maxWindow: 0,
    scale: 0,
    scaled: false,
    sackPermitted: false,
    liberal: false,
    closeInit: false,
    unacknowledged: false,
  };
}

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

function readOptions(side: Side, segment: Segment): void {
  side.scale = segment.scale ?? 0;
  side.scaled = segment.scale !== undefined;
  side.sackPermitted = segment.sackPermitted;
  side.liberal = false;
  side.closeInit = false;
  side.unacknowledged = false;
  delete side.maxAck;
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

/** tcp_in_window(), after "Real stateful TCP packet filtering in IP Filter" (Guido van Rooij). */
function inWindow(
  tracking: TcpTracking,
  direction: CtDirection,
  kind: SegmentKind,
  segment: Segment,
  settings: TcpSettings,
): 'ok' | 'ignore' | 'invalid' {
  const sender = tracking.sides[direction];
  const receiver = tracking.sides[opposite(direction)];
  const { flags } = segment;
  const isSyn = (flags & 2) !== 0;
  const isRst = (flags & 4) !== 0;
  const hasAck = (flags & 16) !== 0;
  let { sequence, end, window } = segment;
  let ack = segment.acknowledgement;
  let sack = ack;
  if (receiver.sackPermitted) {
    for (const edge of segment.sacked) if (after(edge, sack)) sack = edge;
  }
  if (sender.maxWindow === 0) {
    if (isSyn) {
      beginSide(sender, receiver, segment, direction);
      if (!hasAck) return 'ok';
    } else {
      sender.end = end;
      sender.maxWindow = Math.max(scaleUp(window, sender.scale), 1);
      sender.maxEnd = uint(end + sender.maxWindow);
      if (receiver.maxWindow === 0) receiver.end = receiver.maxEnd = sack;
      else if (sack === uint(receiver.end + 1)) receiver.end = sack;
    }
  } else if (
    isSyn &&
    after(end, sender.end) &&
    (tracking.state === 'SYN_SENT' || tracking.state === 'SYN_RECV')
  ) {
    beginSide(sender, receiver, segment, direction);
    if (direction === 'reply' && !hasAck) return 'ok';
  }
  if (!hasAck || (isRst && ack === 0)) ack = sack = receiver.end;
  if (isRst && sequence === 0 && tracking.state === 'SYN_SENT') sequence = end = sender.end;

  const tolerated = settings.liberal || sender.liberal;
  const seen = uint(sender.end - receiver.maxWindow - 1);
  const slack = Math.max(sender.maxWindow, 66000);
  const ackIsRecent = after(sack, uint(receiver.end - slack - 1));
  const ackIsKnown = before(sack, uint(receiver.end + 1));
  if (!before(sequence, uint(sender.maxEnd + 1))) {
    // A sender that overshoots the window a little: its data counts, or the acknowledgement of it would be invalid.
    const inWindow = receiver.maxWindow !== 0 && after(end, seen);
    if (inWindow && ackIsRecent && ackIsKnown && uint(end - sender.maxEnd + 1) <= receiver.maxWindow) {
      sender.end = end;
      sender.unacknowledged = true;
      return 'ok';
    }
    if (!tolerated) return 'invalid';
  } else if (!ackIsKnown) {
    if (!tolerated) return 'invalid';
  } else if (!(receiver.maxWindow === 0 || after(end, seen)) || !ackIsRecent) {
    if (!tolerated) return 'ignore';
  } else {
    if (!isSyn) window = scaleUp(window, sender.scale);
    sender.maxWindow = Math.max(sender.maxWindow, window + uint(sack - ack));
    if (after(end, sender.end)) {
      sender.end = end;
      sender.unacknowledged = true;
    }
    if (hasAck && (sender.maxAck === undefined || after(ack, sender.maxAck))) sender.maxAck = ack;
    if (receiver.maxWindow !== 0 && after(end, sender.maxEnd)) {
      receiver.maxWindow += uint(end - sender.maxEnd);
    }
    if (after(uint(sack + window), uint(receiver.maxEnd - 1))) {
      receiver.maxEnd = uint(sack + window + (window === 0 ? 1 : 0));
    }
    if (ack === receiver.end) receiver.unacknowledged = false;
    if (kind === 'ack') {
      countRetransmission(tracking, direction, { sequence, ack, end, window: segment.window });
    }
  }
  return 'ok';
}

/** tcp_init_sender(). RFC 7323: scaling is used only when both sides offer it. */
function beginSide(sender: Side, receiver: Side, segment: Segment, direction: CtDirection): void {
  sender.end = sender.maxEnd = segment.end;
  sender.maxWindow = Math.max(segment.window, 1);
  readOptions(sender, segment);
  if (direction === 'reply' && !(sender.scaled && receiver.scaled)) sender.scale = receiver.scale = 0;
}

function scaleUp(window: number, scale: number): number {
  return window * 2 ** scale;
}

function countRetransmission(
  tracking: TcpTracking,
  direction: CtDirection,
  now: { sequence: number; ack: number; end: number; window: number },
): void {
  const { last } = tracking;
  const same =
    last.direction === direction &&
    last.sequence === now.sequence &&
    last.acknowledgement === now.ack &&
    last.end === now.end &&
    last.window === now.window;
  if (same) {
    tracking.retransmissions++;
    return;
  }
  last.direction = direction;
  last.sequence = now.sequence;
  last.acknowledgement = now.ack;
  last.end = now.end;
  last.window = now.window;
  tracking.retransmissions = 0;
}
