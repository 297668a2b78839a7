/** tcp_in_window(), net/netfilter/nf_conntrack_proto_tcp.c: what a segment may acknowledge and send. */
import type { CtDirection } from '../../skb/nfct.ts';
import type { Segment } from './segment.ts';
import type { SegmentKind, TcpState } from './tcp-states.ts';

/** struct ip_ct_tcp_state: what one side has sent and may send. Sequence numbers are uint32. */
interface Side {
  end: number;
  maxEnd: number;
  /** 0: nothing seen of this side yet. */
  maxWindow: number;
  maxAck: number | undefined;
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
    direction: CtDirection;
    sequence: number;
    acknowledgement: number;
    end: number;
    window: number;
    scale: number;
    scaled: boolean;
    sackPermitted: boolean;
    expectChallengeAck: boolean;
    simultaneousOpen: boolean;
  };
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

export const uint = (value: number): number => value >>> 0;

export const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;

export const after = (a: number, b: number): boolean => before(b, a);

export const opposite = (direction: CtDirection): CtDirection =>
  direction === 'original' ? 'reply' : 'original';

export function emptySide(): Side {
  return {
    end: 0,
    maxEnd: 0,
    maxWindow: 0,
    maxAck: undefined,
    scale: 0,
    scaled: false,
    sackPermitted: false,
    liberal: false,
    closeInit: false,
    unacknowledged: false,
  };
}

export function readOptions(side: Side, segment: Segment): void {
  side.scale = segment.scale ?? 0;
  side.scaled = segment.scale !== undefined;
  side.sackPermitted = segment.sackPermitted;
  side.closeInit = false;
  side.unacknowledged = false;
  side.maxAck = undefined;
}

/** tcp_in_window(), after "Real stateful TCP packet filtering in IP Filter" (Guido van Rooij). */
export function inWindow(
  tracking: TcpTracking,
  direction: CtDirection,
  kind: SegmentKind,
  segment: Segment,
  settings: TcpSettings,
  offset: (side: CtDirection, sequence: number) => number,
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
  const adjusted = offset(opposite(direction), ack - 1);
  ack = uint(ack - adjusted);
  sack = uint(sack - adjusted);
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
      return tolerated ? 'ok' : 'ignore';
    }
    return tolerated ? 'ok' : 'invalid';
  }
  if (!ackIsKnown) return tolerated ? 'ok' : 'invalid';
  if (!(receiver.maxWindow === 0 || after(end, seen)) || !ackIsRecent) return tolerated ? 'ok' : 'ignore';
  if (!isSyn) window = scaleUp(window, sender.scale);
  sender.maxWindow = Math.max(sender.maxWindow, uint(window + sack - ack));
  if (after(end, sender.end)) {
    sender.end = end;
    sender.unacknowledged = true;
  }
  if (hasAck && (sender.maxAck === undefined || after(ack, sender.maxAck))) sender.maxAck = ack;
  if (receiver.maxWindow !== 0 && after(end, sender.maxEnd)) {
    receiver.maxWindow = uint(receiver.maxWindow + end - sender.maxEnd);
  }
  if (after(uint(sack + window), uint(receiver.maxEnd - 1))) {
    receiver.maxEnd = uint(sack + window + (window === 0 ? 1 : 0));
  }
  if (ack === receiver.end) receiver.unacknowledged = false;
  if (kind === 'ack') {
    countRetransmission(tracking, direction, { sequence, ack, end, window: segment.window });
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
