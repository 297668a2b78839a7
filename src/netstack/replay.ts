/** `nettrace replay`: packets in order of time through one world, one line each (contract section 4). */
import type { Skb } from '../skb/skb.ts';
import type { LinkRef } from '../topology/topology.ts';
import type { Hop, ReplayLine, Trace } from './hop.ts';
import type { World } from './world.ts';

/** Packets that arrive on an interface, or that a process of a namespace sends. */
export interface Injection {
  readonly at:
    | { readonly kind: 'wire'; readonly link: LinkRef }
    | { readonly kind: 'local'; readonly namespace: string };
  readonly packets: Iterable<Skb>;
}

export interface Replayed {
  readonly line: ReplayLine;
  readonly trace: Trace;
}

/** Injections are merged by time; within one, the order of its file stands. */
export function* replay(world: World, injections: readonly Injection[]): Generator<Replayed> {
  const sources = injections.map((injection) => {
    const iterator = injection.packets[Symbol.iterator]();
    return { at: injection.at, iterator, head: iterator.next() };
  });
  for (;;) {
    let first: (typeof sources)[number] | undefined;
    for (const source of sources) {
      if (source.head.done) continue;
      if (!first || first.head.done || source.head.value.time < first.head.value.time) first = source;
    }
    if (!first || first.head.done) return;
    const skb = first.head.value;
    const trace =
      first.at.kind === 'wire' ? world.receive(first.at.link, skb) : world.sendLocal(first.at.namespace, skb);
    yield { line: replayLine(skb, trace), trace };
    first.head = first.iterator.next();
  }
}

export function replayLine(skb: Skb, trace: Trace): ReplayLine {
  return {
    packet: { file: skb.origin?.file ?? '', number: skb.origin?.number ?? 0, time: skb.time },
    hops: trace.hops.map(publicHop),
    verdict: trace.verdict,
    ...(trace.cause === undefined ? {} : { cause: trace.cause }),
    final: trace.final,
  };
}

function publicHop(hop: Hop): Hop {
  const { namespace, in: input, physin, out, physout, nexthop, steps } = hop;
  return {
    namespace,
    ...(input === undefined ? {} : { in: input }),
    ...(physin === undefined ? {} : { physin }),
    ...(out === undefined ? {} : { out }),
    ...(physout === undefined ? {} : { physout }),
    ...(nexthop === undefined ? {} : { nexthop }),
    steps,
  };
}
