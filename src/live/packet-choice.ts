/** Ways to ask for some of the kept packets. */
import { printable } from '../base/printable.ts';
import { parseEnd } from '../filter/end.ts';
import { allOf, anyOf, type Filter } from '../filter/filter.ts';
import { frameTest } from '../filter/frame.ts';
import { compileFilter } from '../filter/match.ts';
import { printFilter } from '../filter/print.ts';
import { protocolFilter } from '../filter/protocol.ts';
import { flowName } from '../report/text/flow-name.ts';
import type { LiveFlow } from './flow-book.ts';
import type { PacketChoice } from './packet-feed.ts';

/** Packets of a filter whose names are addresses already; `begin`: epoch seconds from which its times count. */
export function filterChoice(filter: Filter, begin: number): PacketChoice {
  const label = printable(printFilter(filter));
  return { key: `${begin} ${label}`, label, test: frameTest(compileFilter(filter, begin)) };
}

/** Packets of a flow both ways, as any point saw them before or behind NAT, and ICMP errors about them. */
export function flowChoice({ flow }: LiveFlow): PacketChoice {
  const tuples = [...new Set(flow.sightings.map(({ tuple }) => tuple))].toSorted();
  const protocol = protocolFilter(flow.protocol);
  const pairs = tuples.flatMap((tuple) => betweenOf(tuple) ?? []);
  const test = frameTest(compileFilter(allOf([...(protocol ? [protocol] : []), anyOf(pairs)]), 0));
  return { key: `${flow.protocol} ${tuples.join(', ')}`, label: flowName(flow), test };
}

/** Of `10.0.0.2:4711 > 10.0.0.9:80`. */
function betweenOf(tuple: string): Filter | undefined {
  const [left = '', right = ''] = tuple.split(' > ');
  const [one, other] = [parseEnd(left), parseEnd(right)];
  if ('wrong' in one || 'wrong' in other) return undefined;
  return { kind: 'flow', way: 'between', left: one, right: other };
}
