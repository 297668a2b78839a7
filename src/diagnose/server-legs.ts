import { addTo } from '../base/group-by.ts';
import { once } from '../base/memo.ts';
import type { Flow, FlowEnd, Leg } from '../correlate/flow.ts';
import type { Correlation } from '../correlate/scan.ts';

export interface ServerLeg {
  readonly flow: Flow;
  readonly leg: Leg;
}

/** Legs on which the server was addressed by exactly this end, in the order of their flows; found without looking at the others. */
export function legsTo(correlation: Correlation, protocol: number, server: FlowEnd): readonly ServerLeg[] {
  return byServer(correlation).get(keyOf(protocol, server)) ?? [];
}

const byServer = once((correlation: Correlation): ReadonlyMap<string, readonly ServerLeg[]> => {
  const legs = new Map<string, ServerLeg[]>();
  for (const flow of correlation.flows) {
    for (const leg of flow.legs) addTo(legs, keyOf(flow.protocol, leg.server), { flow, leg });
  }
  return legs;
});

function keyOf(protocol: number, { address, port }: FlowEnd): string {
  return `${protocol} ${address} ${port}`;
}
