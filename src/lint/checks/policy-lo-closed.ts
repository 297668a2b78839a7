import { NONE, type Node } from '../../symbolic/bdd.ts';
import { STATES } from '../../symbolic/layout.ts';
import type { Ruleset } from '../../xtables/rule.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { reachOf, type TableReach } from '../reach.ts';
import { toolOf } from '../rules.ts';

export const policyLoClosed: Check = {
  id: 'policy-lo-closed',
  title: 'INPUT stops what the host sends to itself',
  severity: 'warning',
  why: 'Programs talk to others of the same host over lo: resolvers, databases, mail. Such packets pass INPUT as well, and a closed one has to let them in.',
  repair: 'Put -A INPUT -i lo -j ACCEPT in front.',
  silent:
    'Where a rule may let a connection from lo to 127.0.0.1 (::1) in, and hosts that let nothing in at all.',
  references: ['iptables(8)'],
  find: ({ rulesets }) => rulesets.flatMap(told),
};

function told(ruleset: Ruleset): Found[] {
  const table = ruleset.tables.get('filter');
  const chain = table?.chains.get('INPUT');
  const reach = table && reachOf(ruleset)(table);
  const accepted = reach?.accepted.get('INPUT');
  if (!table || !chain || !reach || accepted === undefined) return [];
  const { bdd } = reach.space;
  const opening = bdd.and(accepted, tcpOpening(reach));
  const own = bdd.and(
    opening,
    bdd.and(overLoopback(reach), reach.space.inRange('destinationPort', ...LOCAL_PORTS)),
  );
  const at = chain.span ?? chain.rules[0]?.span;
  if (opening === NONE || own !== NONE || !at) return [];
  return [
    {
      title: 'INPUT has nothing for lo: what the host sends to itself gets in by few ports only',
      explanation: `No connection to 127.0.0.1 (::1) on a port from ${LOCAL_PORTS.join(' to ')} gets in over lo: a rule or the policy stops it.`,
      at,
      suggestion: { text: 'Let it in first:', commands: [`${toolOf(ruleset)} -I INPUT -i lo -j ACCEPT`] },
    },
  ];
}

/** Where programs that talk to each other listen by chance: net.ipv4.ip_local_port_range. */
const LOCAL_PORTS = [32768, 60999] as const;

/** The first packet of a TCP connection. */
export function tcpOpening({ space }: TableReach): Node {
  return space.bdd.and(space.equals('protocol', 6), space.equals('state', STATES.indexOf('NEW')));
}

function overLoopback({ space }: TableReach): Node {
  const { bdd } = space;
  const loopback = space.family === 4 ? 0x7f000001 : 1n;
  const device = space.oneOf('iif', space.alphabets.iif.codesOf({ name: 'lo', wildcard: false }));
  const ends = bdd.and(space.equals('source', loopback), space.equals('destination', loopback));
  return bdd.and(device, ends);
}
