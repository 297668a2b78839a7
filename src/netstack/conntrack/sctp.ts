/** nf_conntrack_sctp_packet(), net/netfilter/nf_conntrack_proto_sctp.c. */
import { viewOf } from '../../base/bytes.ts';
import type { CtDirection } from '../../skb/nfct.ts';
import type { Skb } from '../../skb/skb.ts';
import { CHUNK, isSctpState, nextSctpState, type SctpState } from './sctp-states.ts';

export interface SctpTracking {
  state: SctpState;
  /** Verification tag that each side puts into its packets; 0 is unknown. */
  readonly vtag: Record<CtDirection, number>;
  readonly init: Record<CtDirection, boolean>;
  heartbeatFailed: boolean;
  lastDirection: CtDirection;
  /** The connection comes from a dump, which doesn't tell the tags. */
  readonly tagsUnknown?: boolean;
}

export type SctpResult =
  /** `timeout` undefined: the packet neither prolongs the entry's life nor counts. */
  | { readonly kind: 'accept'; readonly timeout?: number; readonly assure: boolean }
  | { readonly kind: 'invalid' };

interface Chunk {
  readonly type: number;
  readonly flags: number;
  readonly at: number;
}

const HEADER = 12;
const INVALID: SctpResult = { kind: 'invalid' };
const opposite = (direction: CtDirection): CtDirection => (direction === 'original' ? 'reply' : 'original');

export function sctpPacket(
  skb: Skb,
  known: SctpTracking | undefined,
  confirmed: boolean,
  direction: CtDirection,
  timeoutOf: (state: SctpState) => number,
): SctpResult & { readonly tracking?: SctpTracking } {
  if (skb.transport < 0) return INVALID;
  const view = viewOf(skb.bytes);
  const vtag = view.getUint32(skb.transport + 4);
  const chunks = chunksOf(skb, view);
  if (!chunks || chunks.length === 0) return INVALID;
  const has = (type: number) => chunks.some((chunk) => chunk.type === type);
  let tracking = known;
  if (!confirmed || !tracking) {
    if (!confirmed && (has(CHUNK.abort) || has(CHUNK.shutdownComplete) || has(CHUNK.cookieAck)))
      return INVALID;
    tracking = sctpNew(skb, view, vtag, chunks);
    if (!tracking) return INVALID;
  }
  if (tracking.tagsUnknown && tracking.vtag[direction] === 0 && !has(CHUNK.init))
    tracking.vtag[direction] = vtag;
  if (!CHECKED_BY_CHUNK.some(has) && vtag !== tracking.vtag[direction]) return { ...INVALID, tracking };
  const result = walkChunks(tracking, direction, vtag, chunks, { skb, view, confirmed });
  if (!result) return { ...INVALID, tracking };
  if (result.ignore) return { kind: 'accept', assure: result.assure, tracking };
  return { kind: 'accept', timeout: timeoutOf(result.state), assure: result.assure, tracking };
}

/** A dump tells the state, not the verification tags: those of the first packets are taken. */
export function sctpOfDump(name: string): SctpTracking {
  return { ...newTracking(), state: isSctpState(name) ? name : 'ESTABLISHED', tagsUnknown: true };
}

function newTracking(): SctpTracking {
  return {
    state: 'NONE',
    vtag: { original: 0, reply: 0 },
    init: { original: false, reply: false },
    heartbeatFailed: false,
    lastDirection: 'original',
  };
}

/** Chunks whose verification tag has rules of its own (RFC 9260, section 8.5.1). */
const CHECKED_BY_CHUNK: readonly number[] = [
  CHUNK.init,
  CHUNK.shutdownComplete,
  CHUNK.cookieEcho,
  CHUNK.abort,
  CHUNK.shutdownAck,
  CHUNK.heartbeat,
  CHUNK.heartbeatAck,
];

/** do_basic_checks(): undefined when chunks stand together that mustn't. */
function chunksOf(skb: Skb, view: DataView): Chunk[] | undefined {
  const end = Math.min(skb.length, skb.bytes.length);
  const chunks: Chunk[] = [];
  let alone = false;
  for (let at = skb.transport + HEADER; at + 4 <= end; ) {
    const length = view.getUint16(at + 2);
    if (length === 0) break;
    const type = view.getUint8(at);
    if (type === CHUNK.init || type === CHUNK.initAck || type === CHUNK.shutdownComplete) alone = true;
    const first = alone || type === CHUNK.cookieAck || type === CHUNK.cookieEcho;
    if (first && chunks.length > 0) return undefined;
    chunks.push({ type, flags: view.getUint8(at + 1), at });
    at += (length + 3) & ~3;
  }
  return chunks;
}

/** The initiate tag of an INIT or INIT ACK; undefined when the chunk is cut short. */
function initTag(skb: Skb, view: DataView, { at }: Chunk): number | undefined {
  return at + 20 <= Math.min(skb.length, skb.bytes.length) ? view.getUint32(at + 4) : undefined;
}

/** sctp_new() */
function sctpNew(skb: Skb, view: DataView, vtag: number, chunks: readonly Chunk[]): SctpTracking | undefined {
  const tracking = newTracking();
  for (const chunk of chunks) {
    const next = nextSctpState('original', chunk.type, 'NONE');
    if (next === undefined || next === 'NONE') return undefined;
    if (chunk.type === CHUNK.init) {
      const tag = initTag(skb, view, chunk);
      if (vtag !== 0 || tag === undefined) return undefined;
      tracking.vtag.reply = tag;
    } else if (chunk.type === CHUNK.heartbeat || chunk.type === CHUNK.heartbeatAck) {
      tracking.vtag.original = vtag;
    } else tracking.vtag.reply = vtag;
  }
  return tracking;
}

function walkChunks(
  tracking: SctpTracking,
  direction: CtDirection,
  vtag: number,
  chunks: readonly Chunk[],
  of: { readonly skb: Skb; readonly view: DataView; readonly confirmed: boolean },
): { state: SctpState; ignore: boolean; assure: boolean } | undefined {
  const other = opposite(direction);
  const carriesData = chunks.some(({ type }) => type === CHUNK.data);
  let ignore = false;
  let assure = false;
  let state: SctpState = 'NONE';
  for (const chunk of chunks) {
    const { type } = chunk;
    const verdict = checkTag(tracking, direction, vtag, chunk, carriesData || ignore);
    if (verdict === 'invalid') return undefined;
    if (verdict === 'ignore') {
      ignore = true;
      continue;
    }
    const old = tracking.state;
    const next = nextSctpState(direction, type, old);
    if (next === undefined) return undefined;
    if (type === CHUNK.init || type === CHUNK.initAck) {
      const tag = initTag(of.skb, of.view, chunk);
      if (tag === undefined) return undefined;
      const { init } = tracking;
      if (type === CHUNK.init) {
        if (init[direction] && init[other]) init[other] = false;
        init[direction] = true;
        // As with TCP, an INIT sent again doesn't keep the entry alive.
        if (next === 'CLOSED' && old === 'CLOSED' && of.confirmed) ignore = true;
      } else {
        const expected = tracking.vtag[other];
        if (!init[other] && expected !== 0 && expected !== tag) return undefined;
        if (init[direction] && init[other] && expected !== tag) return undefined;
      }
      tracking.vtag[other] = tag;
    }
    tracking.state = next;
    state = next;
    if (old !== next && next === 'ESTABLISHED') assure = true;
  }
  return { state, ignore, assure };
}

const T_FLAG = 1;

/** The verification tag as each chunk wants it; `strict`: a wrong one in a heartbeat isn't let pass. */
function checkTag(
  tracking: SctpTracking,
  direction: CtDirection,
  vtag: number,
  { type, flags }: Chunk,
  strict: boolean,
): 'fine' | 'ignore' | 'invalid' {
  const own = tracking.vtag[direction];
  const other = opposite(direction);
  switch (type) {
    case CHUNK.init:
      return vtag === 0 ? 'fine' : 'invalid';
    case CHUNK.abort:
    case CHUNK.shutdownComplete:
      return vtag === (flags & T_FLAG ? tracking.vtag[other] : own) ? 'fine' : 'invalid';
    case CHUNK.cookieEcho:
      return vtag === own ? 'fine' : 'invalid';
    case CHUNK.cookieAck:
      tracking.init.original = tracking.init.reply = false;
      return 'fine';
    case CHUNK.heartbeat:
      if (own === 0) tracking.vtag[direction] = vtag;
      else if (vtag !== own) {
        if (strict) return 'invalid';
        tracking.heartbeatFailed = true;
        tracking.lastDirection = direction;
        return 'ignore';
      } else tracking.heartbeatFailed = false;
      return 'fine';
    case CHUNK.heartbeatAck:
      if (own === 0) tracking.vtag[direction] = vtag;
      else if (vtag !== own) {
        if (strict || !tracking.heartbeatFailed || tracking.lastDirection === direction) return 'invalid';
        tracking.heartbeatFailed = false;
        tracking.vtag[direction] = vtag;
        tracking.vtag[other] = 0;
      } else tracking.heartbeatFailed = false;
      return 'fine';
    default:
      return 'fine';
  }
}
