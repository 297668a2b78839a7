/** Which flows a filter asks for. The others are kept to compare with; nothing is told of them. */
import type { Filter } from '../filter/filter.ts';
import { compileFilter, type Face, type Subject } from '../filter/match.ts';
import { PROTOCOL } from '../net/protocol.ts';
import type { CountedFlows } from './counted.ts';
import type { Flow, IcmpErrorSeen } from './flow.ts';
import type { Sieve } from './sieve/sieve.ts';

export interface Asked {
  readonly filter: Filter;
  readonly flows: ReadonlySet<Flow>;
  /** How many that are, those among them that were only counted; of how many in all. */
  readonly matched: number;
  readonly of: number;
  /** Beside those: conversations for which there was no memory, so that nobody knows whether they are. */
  readonly forgotten: number;
}

/**
 * `begin`: epoch seconds of the first packet; `context`: so are flows that tell of packets that are, whatever their
 * ends: those that an ICMP error is about of which the filter says so, and those that carry others.
 */
export function askedFlows(
  filter: Filter,
  flows: readonly Flow[],
  { begin, context }: { readonly begin: number; readonly context: boolean },
  sieved?: { readonly sieve: Sieve; readonly counted: CountedFlows },
): Asked {
  const test = compileFilter(filter, begin);
  const isAsked = (flow: Flow): boolean => {
    const faces = flow.legs.map(({ client, server }) => ({ protocol: flow.protocol, client, server }));
    return (
      test({ faces, start: flow.start, end: flow.end }) ||
      (context &&
        (flow.tunnel !== undefined || flow.errors.some((error) => test(subjectOf(flow, error, faces)))))
    );
  };
  const matching = new Set(flows.filter(isAsked));
  const matched = matching.size + (sieved?.counted.count ?? 0);
  const others = flows.length - matching.size;
  // What tunnels and fragments hold is in no record.
  const leftOut = sieved?.sieve.leftOut;
  const sampled = leftOut && leftOut.beside < leftOut.flows;
  const left = sampled ? leftOut.flows + Math.max(0, others - leftOut.beside) : others;
  return { filter, flows: matching, matched, of: matched + left, forgotten: leftOut?.forgotten ?? 0 };
}

/** An error's own ends, and those of the flow that it is about. */
function subjectOf({ family }: Flow, { sighting }: IcmpErrorSeen, faces: readonly Face[]): Subject {
  const { source, destination, time } = sighting;
  const own = {
    protocol: family === 4 ? PROTOCOL.icmp : PROTOCOL['ipv6-icmp'],
    client: { address: source, port: -1 },
    server: { address: destination, port: -1 },
  };
  return { faces: [own, ...faces], start: time, end: time };
}
