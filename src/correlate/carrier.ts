/** Flows whose packets carry others inside: their own way ends where the tunnel unwraps them, and nobody answers them. */
import type { Trace } from '../netstack/hop.ts';

/** The path up to the device that unwraps, as delivered there; what became of the packet inside is that one's story. */
export function asCarrier(trace: Trace): Trace {
  const end = trace.hops.findIndex(({ steps }) =>
    steps.some(({ kind, ...step }) => kind === 'tunnel' && 'action' in step && step.action === 'decapsulate'),
  );
  if (end < 0) return trace;
  const taps = trace.taps.filter(({ hop }) => hop <= end);
  const hop = trace.hops[end];
  return {
    hops: trace.hops.slice(0, end + 1),
    taps,
    verdict: 'delivered',
    final: taps.at(-1)?.header ?? trace.final,
    namespace: hop?.namespace ?? trace.namespace,
    socket: { state: 'kernel' },
    assumptions: trace.assumptions,
    answers: [],
  };
}
