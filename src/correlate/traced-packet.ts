/**
 * The lines of netfilter traces put together to packets: one TracedPacket for each way of a packet through one namespace's hooks,
 * as contract's Hop has it. The trace's id alone does not tell packets apart (nft_trace_init() makes it of the skb's address and
 * flow hash: it is used again, and another after DNAT or a bridge), so the header counts for more.
 */

import type { Span } from '../base/span.ts';
import type { LogTime, TracedHeader, TraceEvent, TraceForm, TraceStep } from '../dump/trace-record.ts';
import type { DumpInput } from '../input/input.ts';
import type { Family } from '../net/ip.ts';
import { BUILTIN_CHAINS, HOOKS, type Hook, TABLES, type TableName } from '../xtables/rule.ts';

export interface TracedStep {
  readonly step: TraceStep;
  /** Of a user chain's step: the hook of the built-in chain before it. */
  readonly hook?: Hook;
  /** The packet as it was then. */
  readonly header?: TracedHeader;
  readonly span: Span;
}

export interface TracedPacket {
  readonly namespace: string;
  readonly form: TraceForm;
  readonly family: Family;
  readonly id?: string;
  /** As it was first seen, and every other form it had on its way (NAT). */
  readonly header: TracedHeader;
  readonly variants: TracedHeader[];
  readonly steps: TracedStep[];
  /** LOG lines about it. */
  readonly logs: { readonly prefix: string; readonly header: TracedHeader; readonly span: Span }[];
  /** Seconds, of the epoch where the log says so much; made up of the order of lines where it has none. */
  readonly time: number;
  readonly span: Span;
  lastLine: number;
  /** Something is missing in or right behind it, or the file ends there: that no step follows means nothing. */
  interrupted: boolean;
}

/** Packets that may still go on, a namespace and kind of packet. */
const MOST_OPEN = 256;

/** `startTime`: epoch seconds that traces without a usable time of their own are taken to begin at; 0 when it is infinite. */
export function tracedPackets(dumps: readonly DumpInput[], startTime: number): TracedPacket[] {
  const begin = Number.isFinite(startTime) ? startTime : 0;
  const packets: TracedPacket[] = [];
  for (const input of dumps) {
    const { content, path } = input.dump;
    if (content.kind !== 'trace') continue;
    const { form, events, gaps } = content.trace;
    const own = group(events, form, input.namespace, begin + packets.length * 1e-6);
    for (const packet of own) {
      packet.interrupted = gaps.some(({ line }) => line > packet.span.line && line <= packet.lastLine + 2);
    }
    const last = own.findLast(({ span }) => span.path === path);
    if (
      last &&
      last.lastLine === events.at(-1)?.span.line &&
      gaps.some(({ line }) => line >= last.lastLine)
    ) {
      last.interrupted = true;
    }
    packets.push(...own);
  }
  return packets;
}

function group(
  events: readonly TraceEvent[],
  form: TraceForm,
  namespace: string,
  start: number,
): TracedPacket[] {
  const packets: TracedPacket[] = [];
  const open = new Map<string, TracedPacket[]>();
  let recent: TracedPacket | undefined;
  for (const event of events) {
    const { header, step, logPrefix, span, id } = event;
    if (!step && logPrefix === undefined) continue;
    if (!header) {
      // Cut off before the packet was named: it belongs to the one before it, if it can.
      if (recent && step && (id === undefined || id === recent.id) && canFollow(recent, step, undefined)) {
        recent.steps.push(stepOf(recent, step, undefined, span));
        recent.lastLine = span.line;
        recent.interrupted = true;
      }
      continue;
    }
    const key = keyOf(header);
    const candidates = open.get(key) ?? [];
    let packet = best(candidates, event, header);
    if (!packet) {
      packet = {
        namespace,
        form,
        family: header.family,
        ...(id === undefined ? {} : { id }),
        header,
        variants: [header],
        steps: [],
        logs: [],
        time: timeOf(event.time, start + packets.length * 1e-6),
        span,
        lastLine: span.line,
        interrupted: false,
      };
      packets.push(packet);
      candidates.push(packet);
      if (candidates.length > MOST_OPEN) candidates.shift();
      open.set(key, candidates);
    }
    if (!packet.variants.some((known) => sameEnds(known, header))) packet.variants.push(header);
    if (step) packet.steps.push(stepOf(packet, step, header, span));
    else packet.logs.push({ prefix: logPrefix ?? '', header, span });
    packet.lastLine = span.line;
    recent = packet;
  }
  return packets;
}

/** Log times count from the machine's start or the year's where they say no more: they tell intervals, not when. */
function timeOf(time: LogTime | undefined, made: number): number {
  return time === undefined ? made : time.seconds;
}

/** What neither NAT nor forwarding changes, as far as every form shows it. */
function keyOf({ family, length, id, flowLabel, protocol, fragmentOffset }: TracedHeader): string {
  return [family, length, id, flowLabel, protocol, fragmentOffset].join(' ');
}

function best(
  candidates: readonly TracedPacket[],
  { id, step }: TraceEvent,
  header: TracedHeader,
): TracedPacket | undefined {
  let found: TracedPacket | undefined;
  let most = 0;
  for (const packet of candidates.toReversed()) {
    const last = packet.steps.at(-1)?.header ?? packet.logs.at(-1)?.header ?? packet.header;
    if (contradicts(last, header)) continue;
    if (step ? !canFollow(packet, step, header) : !sameEnds(last, header)) continue;
    const score =
      1 +
      (id !== undefined && id === packet.id ? 4 : 0) +
      (last.source === header.source ? 2 : 0) +
      (last.destination === header.destination ? 2 : 0) +
      (last.sourcePort === header.sourcePort ? 1 : 0) +
      (last.destinationPort === header.destinationPort ? 1 : 0);
    // Both ends may be translated at once only where an id tells that it is one packet.
    if (score > most && (score >= 3 || header.id)) {
      found = packet;
      most = score;
    }
  }
  return found;
}

function contradicts(left: TracedHeader, right: TracedHeader): boolean {
  const differ = <K extends keyof TracedHeader>(key: K) =>
    left[key] !== undefined && right[key] !== undefined && left[key] !== right[key];
  return (
    differ('tcpSequence') ||
    differ('tcpFlags') ||
    differ('icmpType') ||
    differ('icmpSequence') ||
    differ('in')
  );
}

export function sameEnds(left: TracedHeader, right: TracedHeader): boolean {
  return (
    left.source === right.source &&
    left.destination === right.destination &&
    left.sourcePort === right.sourcePort &&
    left.destinationPort === right.destinationPort &&
    left.icmpId === right.icmpId
  );
}

function stepOf(
  packet: TracedPacket,
  step: TraceStep,
  header: TracedHeader | undefined,
  span: Span,
): TracedStep {
  const hook = builtinHook(step) ?? lastOf(packet, step)?.hook;
  return { step, ...(hook === undefined ? {} : { hook }), ...(header ? { header } : {}), span };
}

/** The hook of a built-in chain; undefined for a user chain, and for nft's own base chains. */
export function builtinHook({ table, chain, tableFamily }: TraceStep): Hook | undefined {
  if (tableFamily !== undefined && tableFamily !== 'ip' && tableFamily !== 'ip6') return undefined;
  const known = TABLES.find((each) => each === table);
  return known && BUILTIN_CHAINS[known].find((hook) => hook === chain);
}

/** The step before, when it is of the same table: a user chain is entered from there. */
function lastOf(packet: TracedPacket, { table, tableFamily }: TraceStep): TracedStep | undefined {
  const last = packet.steps.at(-1);
  return last?.step.table === table && sameFamily(last.step.tableFamily, tableFamily) ? last : undefined;
}

/** xtables-monitor names the family with rules only. */
function sameFamily(left: string | undefined, right: string | undefined): boolean {
  return left === undefined || right === undefined || left === right;
}

const ORDER: Readonly<Record<Hook, number>> = {
  PREROUTING: 0,
  OUTPUT: 0,
  INPUT: 1,
  FORWARD: 1,
  POSTROUTING: 2,
};

/** Can the packet come there next? PREROUTING and OUTPUT are where a way through the hooks begins. */
function canFollow(packet: TracedPacket, step: TraceStep, header: TracedHeader | undefined): boolean {
  const last = packet.steps.at(-1);
  if (!last) return packet.logs.length > 0;
  const hook = builtinHook(step);
  if (hook === undefined) return followsInside(packet, last, step);
  if (last.hook === undefined) return true;
  if (last.hook !== hook) {
    if (ORDER[hook] > ORDER[last.hook]) return !(last.hook === 'OUTPUT' && hook !== 'POSTROUTING');
    // A bridge sends copies by one port after the other, and up to the host.
    const copies = last.hook === 'POSTROUTING' && (hook === 'FORWARD' || hook === 'INPUT');
    return copies && header?.in !== undefined && (hook === 'INPUT' || header.in === header.out);
  }
  const before = tableRank(last.step.table, hook);
  const now = tableRank(step.table, hook);
  if (now !== before) return now > before;
  return !isPast(packet, step, hook);
}

function followsInside(packet: TracedPacket, last: TracedStep, step: TraceStep): boolean {
  // nft's own tables come at any priority: what belongs to the packet otherwise is taken as it comes.
  const foreign =
    !isTable(step.table) || (step.tableFamily !== undefined && !/^ip6?$/.test(step.tableFamily));
  if (foreign || !isTable(last.step.table)) return true;
  return lastOf(packet, step) !== undefined && !ends(last);
}

/** The packet has left this base chain already, by its policy or at a later rule. */
function isPast(packet: TracedPacket, step: TraceStep, hook: Hook): boolean {
  const here = packet.steps.filter(
    (each) => each.step.table === step.table && each.step.chain === step.chain && each.hook === hook,
  );
  const last = here.at(-1);
  if (!last) return false;
  if (last.step.kind === 'policy') return true;
  const [before, now] = [last.step.number, step.number];
  return before !== undefined && now !== undefined && now <= before;
}

function ends({ step }: TracedStep): boolean {
  return step.kind === 'policy' || step.verdict === 'ACCEPT' || step.verdict === 'DROP';
}

function isTable(name: string): name is TableName {
  return TABLES.some((table) => table === name);
}

/** In the order of priorities; nat INPUT stands behind filter, and security on either side of it. */
function tableRank(table: string, hook: Hook): number {
  const place = TABLES.indexOf(table as TableName);
  return hook === 'INPUT' && (table === 'nat' || table === 'security') ? 4 : place;
}

/** The hooks it was seen in, in order. */
export function hooksOf(packet: TracedPacket): Hook[] {
  return HOOKS.filter((hook) => packet.steps.some((step) => step.hook === hook));
}
