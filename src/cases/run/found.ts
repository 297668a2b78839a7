/** What the model says of a packet, in the terms of the cases' language. */
import { wordTable } from '../../base/word-table.ts';
import { strangeSource } from '../../diagnose/unanswerable.ts';
import { parseIp } from '../../net/ip.ts';
import type { DecidingStep, Header, Hop, Trace } from '../../netstack/hop.ts';
import { arrives, returns } from '../../report/text/fate.ts';
import type { ConntrackState } from '../language/clauses.ts';
import type { Address } from '../language/end.ts';
import type { Verdict } from '../language/outcome.ts';
import type { CaseState } from './state.ts';

export interface FoundEnding {
  readonly verdict: Verdict;
  readonly namespace: string;
  /** The rule or policy that stopped it. */
  readonly stoppedBy?: DecidingStep;
  /** All that it matched on its way, in order. */
  readonly passed: readonly DecidingStep[];
  readonly sysctl?: string;
  readonly cause?: string;
  /** Interfaces that it left by, as `red:eth0`, in order. */
  readonly exits: readonly string[];
  readonly as?: Address;
  readonly to?: Address;
  /** Source and destination changed on its way. */
  readonly translated: { readonly source: boolean; readonly destination: boolean };
  readonly mark: number;
  readonly state?: ConntrackState;
  readonly with?: string;
}

export interface FoundPacket extends FoundEnding {
  /** Undefined: it doesn't get so far that one would be given, or nothing answers such a packet. */
  readonly answer?: FoundEnding & { readonly comes: boolean };
  /** It leaves with a private source that nobody out there can answer. */
  readonly unanswerable: boolean;
  /** What had to be assumed; empty: it is certain. */
  readonly assumptions: readonly string[];
  readonly there: Trace;
  readonly back?: Trace;
}

export function foundPacket(there: Trace, back: Trace | undefined, { snapshot }: CaseState): FoundPacket {
  const unanswerable = strangeSource(snapshot, there) !== undefined;
  const found = endingOf(there);
  const isAnswered = arrives(there) && back !== undefined;
  return {
    ...found,
    ...(isAnswered && { answer: { ...endingOf(back), comes: returns(back, there) && !unanswerable } }),
    unanswerable,
    assumptions:
      there.verdict === 'unknown' || (isAnswered && back.verdict === 'unknown') ? assumed(there, back) : [],
    there,
    ...(back && { back }),
  };
}

function assumed(there: Trace, back: Trace | undefined): string[] {
  const all = [...new Set([...there.assumptions, ...(back?.assumptions ?? [])])];
  return all.length > 0 ? all : ['what decides it is not known'];
}

function endingOf(trace: Trace): FoundEnding {
  const hops = trace.hops.filter((hop) => !hop.copy);
  const first = trace.taps[0]?.header ?? trace.final;
  const last = trace.final;
  const [as, to] = [endpoint(last.source, last.sourcePort), endpoint(last.destination, last.destinationPort)];
  const answer = trace.verdict === 'rejected' || trace.likely === 'rejected' ? trace.answers[0] : undefined;
  const conntrack = hops.at(-1)?.steps.findLast((step) => step.kind === 'conntrack');
  const named = answer && rejectName(answer.taps[0]?.header ?? answer.final);
  return {
    verdict: verdictOf(trace, hops),
    namespace: trace.namespace,
    ...(trace.rule && { stoppedBy: trace.rule }),
    passed: hops.flatMap(({ steps }) => steps.filter(decides)),
    ...(trace.sysctl !== undefined && { sysctl: trace.sysctl }),
    ...(trace.cause !== undefined && { cause: trace.cause }),
    exits: exitsOf(trace, hops),
    ...(as && { as }),
    ...(to && { to }),
    translated: {
      source: hasChanged(first.source, last.source) || first.sourcePort !== last.sourcePort,
      destination: first.destination !== last.destination || first.destinationPort !== last.destinationPort,
    },
    mark: last.mark ?? 0,
    ...(conntrack?.kind === 'conntrack' && { state: conntrack.state.toLowerCase() as ConntrackState }),
    ...(named !== undefined && { with: named }),
  };
}

/** A local sender's address is chosen by its route. */
function hasChanged(first: string, last: string): boolean {
  return first !== last && first !== '0.0.0.0' && first !== '::';
}

function verdictOf(trace: Trace, hops: readonly Hop[]): Verdict {
  const verdict = trace.likely ?? trace.verdict;
  const { socket } = trace;
  if (verdict !== 'dropped' && (socket?.state === 'none' || socket?.state === 'wrong-address'))
    return 'refused';
  if (verdict !== 'dropped' && verdict !== 'rejected') return verdict;
  const steps = hops.at(-1)?.steps ?? [];
  const route =
    trace.rule || trace.sysctl !== undefined ? undefined : steps.findLast((step) => step.kind === 'route');
  const isNone = route?.kind === 'route' && /^(none|unreachable|prohibit|blackhole)$/.test(route.decision);
  return isNone ? 'no route' : verdict;
}

function decides(step: Hop['steps'][number]): step is DecidingStep {
  return /^(rule|policy|nft-rule|nft-policy)$/.test(step.kind);
}

function exitsOf(trace: Trace, hops: readonly Hop[]): string[] {
  const stopped = !arrives(trace) && !/^(delivered)$/.test(trace.likely ?? trace.verdict);
  return hops.flatMap((hop, index) => {
    // It was to leave by that one, and didn't.
    if (stopped && index === hops.length - 1) return [];
    const devices = [
      ...new Set([hop.out, hop.physout].filter((name) => name !== undefined && name !== 'lo')),
    ];
    return devices.map((device) => `${hop.namespace}:${device}`);
  });
}

function endpoint(address: string, port: number | undefined): Address | undefined {
  const ip = parseIp(address);
  return ip === undefined ? undefined : { address: ip, ...(port !== undefined && { port }) };
}

const NAMES4 = wordTable<string>({
  '3/0': 'icmp-net-unreachable',
  '3/1': 'icmp-host-unreachable',
  '3/2': 'icmp-proto-unreachable',
  '3/3': 'icmp-port-unreachable',
  '3/4': 'icmp-fragmentation-needed',
  '3/9': 'icmp-net-prohibited',
  '3/10': 'icmp-host-prohibited',
  '3/13': 'icmp-admin-prohibited',
  '11/0': 'icmp-ttl-exceeded',
});
const NAMES6 = wordTable<string>({
  '1/0': 'icmp6-no-route',
  '1/1': 'icmp6-adm-prohibited',
  '1/3': 'icmp6-addr-unreachable',
  '1/4': 'icmp6-port-unreachable',
  '1/5': 'icmp6-policy-fail',
  '1/6': 'icmp6-reject-route',
  '2/0': 'icmp6-packet-too-big',
  '3/0': 'icmp6-ttl-exceeded',
});

/** As `--reject-with` calls it. */
export function rejectName({ family, protocol, icmpType, icmpCode }: Header): string | undefined {
  if (protocol === 'tcp') return 'tcp-reset';
  if (icmpType === undefined) return undefined;
  const key = `${icmpType}/${icmpCode ?? 0}`;
  return (family === 4 ? NAMES4 : NAMES6)[key] ?? `icmp-type-${key}`;
}
