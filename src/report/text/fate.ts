/** What becomes of a packet, in words that stand behind "the packet". */
import { printable } from '../../base/printable.ts';
import type { Trace } from '../../netstack/hop.ts';
import type { TraceReport } from '../trace-report.ts';

/** Good: it arrives or leaves for where nobody looked, and so does the answer. */
export function traceSucceeds({
  there,
  back,
  unanswerable,
}: Pick<TraceReport, 'there' | 'back' | 'unanswerable'>): boolean {
  return arrives(there) && unanswerable === undefined && (back === undefined || returns(back, there));
}

export function returns(back: Trace, there: Trace): boolean {
  return arrives(back) && !turnsRound(back, there);
}

/**
 * An answer that leaves by the interface it came in by, for the network it came from: the way back is not known there. Unless that is where
 * the packet itself came in.
 */
function turnsRound({ verdict, likely, hops, namespace }: Trace, there: Trace): boolean {
  const last = hops.findLast((hop) => !hop.copy);
  const [first] = there.hops;
  return (
    (likely ?? verdict) === 'forwarded' &&
    last?.in !== undefined &&
    last.in === last.out &&
    last.physin === last.physout &&
    !(first?.namespace === namespace && first.in === last.out && first.physin === last.physout)
  );
}

export function arrives(trace: Trace): boolean {
  const outcome = trace.likely ?? trace.verdict;
  return outcome !== 'dropped' && outcome !== 'rejected' && outcome !== 'unknown' && !isRefused(trace);
}

/** It arrived, but no process takes it there. */
function isRefused({ socket }: Trace): boolean {
  return socket?.state === 'none' || socket?.state === 'wrong-address';
}

/** Both ways in one phrase. */
export function fateOfBoth(report: Pick<TraceReport, 'there' | 'back' | 'unanswerable'>): string {
  const { there, back, unanswerable } = report;
  if (!arrives(there) || !back) return fate(there);
  if (unanswerable !== undefined)
    return `${fate(there)}, with the private source ${unanswerable}: no answer comes`;
  return returns(back, there)
    ? `${fate(there)}; the answer comes back`
    : `${fate(there)}; the answer ${fateOfAnswer(back, there)}`;
}

export function fateOfAnswer(back: Trace, there: Trace): string {
  if (!turnsRound(back, there)) return fate(back);
  const where = printable(back.namespace);
  const { destination } = back.final;
  return `turns round in ${where}: it leaves by ${printable(exitOf(back))}, by which it came, since ${where} has no route to ${destination} (route-missing-return)`;
}

export function fate(trace: Trace): string {
  if (trace.verdict !== 'unknown') return outcomeText(trace, trace.verdict);
  if (trace.likely === undefined) return `can't be followed past ${printable(trace.namespace)}`;
  return `${outcomeText(trace, trace.likely)}, if what is assumed below holds`;
}

function outcomeText(trace: Trace, outcome: Exclude<Trace['verdict'], 'unknown'>): string {
  const where = printable(trace.namespace);
  const cause = trace.cause === undefined ? '' : ` (${printable(trace.cause)})`;
  switch (outcome) {
    case 'dropped':
      return `is dropped in ${where}${cause}`;
    case 'rejected':
      return `is rejected in ${where}${cause}`;
    case 'delivered':
      return `is delivered in ${where}${socketText(trace)}`;
    case 'forwarded':
      return `leaves ${where} by ${printable(exitOf(trace))}, beyond which nothing is known`;
    case 'bridged':
      return `is bridged out of ${where} by ${printable(exitOf(trace))}`;
    case 'consumed':
      return `is taken by ${where} itself`;
  }
}

function exitOf(trace: Trace): string {
  const last = trace.hops.findLast((hop) => !hop.copy);
  return last?.physout ?? last?.out ?? 'an unknown interface';
}

function socketText({ socket }: Trace): string {
  switch (socket?.state) {
    case 'listening':
      return socket.process === undefined ? ' to a listening socket' : ` to ${printable(socket.process)}`;
    case 'none':
      return ', where nothing listens on that port';
    case 'wrong-address':
      return ', where the service listens on another address';
    case 'kernel':
      return ' to the kernel';
    case 'unknown':
      return '; its sockets are not known';
    case undefined:
      return '';
  }
}
