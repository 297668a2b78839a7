/** Packets in words: `tcp to port 8080, in by wan0, not ESTABLISHED`. */
import type { Field } from '../symbolic/layout.ts';
import type { Way } from '../symbolic/path.ts';
import type { PacketCondition } from './report.ts';

/** In the order in which they are said; `%` is where the values stand. */
const WORDS: readonly (readonly [Field | 'condition', string])[] = [
  ['protocol', '%'],
  ['source', 'from %'],
  ['sourcePort', 'from port %'],
  ['destination', 'to %'],
  ['destinationPort', 'to port %'],
  ['icmpType', 'type %'],
  ['icmpCode', 'code %'],
  ['iif', 'in by %'],
  ['physin', 'in by bridge port %'],
  ['oif', 'out by %'],
  ['physout', 'out by bridge port %'],
  ['state', 'of state %'],
  ['direction', 'of direction %'],
  ['status', 'of a connection that is %'],
  ['sourceNat', 'source NAT: %'],
  ['destinationNat', 'destination NAT: %'],
  ['tcpFlags', 'with flags %'],
  ['fragment', 'later fragment: %'],
  ['mark', 'with mark %'],
  ['connmark', 'with connmark %'],
  ['tos', 'with tos %'],
  ['ttl', 'with ttl %'],
  ['length', 'of length %'],
  ['packetType', 'sent as %'],
  ['sourceType', 'from a %\u00a0address'],
  ['destinationType', 'to a %\u00a0address'],
  ['hasMac', 'with an Ethernet header: %'],
  ['mac', 'from MAC %'],
  ['condition', 'if %'],
];

const ALL: Readonly<Record<Way, string>> = {
  received: 'every packet to this host',
  forwarded: 'every packet',
  sent: 'every packet',
};

export function packetText(conditions: readonly PacketCondition[], way: Way): string {
  const said = WORDS.flatMap(([field, words]) =>
    conditions
      .filter((condition) => condition.field === field)
      .map((condition) => words.replace('%', () => listText(condition))),
  );
  if (said.length === 0) return ALL[way];
  const hasProtocol = conditions.some(({ field }) => field === 'protocol');
  return `${hasProtocol ? '' : 'packets '}${said.join(', ')}`;
}

function listText({ not, values, more }: PacketCondition): string {
  const list = `${values.join(', ')}${more ? ' …' : ''}`;
  return not ? `${values.length > 1 || more ? 'any but' : 'not'} ${list}` : list;
}
