/** `ip netns add|del`: a namespace as the kernel makes it, setup_net() of net/core/net_namespace.c, and as it ends. */
import type { Span } from '../../base/span.ts';
import type { Link } from '../../dump/records.ts';
import { defaultRules } from '../effective-routes.ts';
import type { Netns, Snapshot } from '../snapshot.ts';
import { endOfPair } from './pair.ts';
import { type Problem, problem } from './words.ts';

/** Everything of it is known: a loopback device that is down, and nothing else. What listens there is not. */
export function freshNetns(name: string, span: Span): Netns {
  const lo: Link = {
    ...{ index: 1, name: 'lo', mtu: 65536, flags: ['LOOPBACK'], addresses: [] },
    ...{ operstate: 'DOWN', linkType: 'loopback', mac: 0, span },
  };
  return {
    name,
    inferred: false,
    links: [lo],
    routes4: { routes: [], covers: 'all' },
    routes6: { routes: [], covers: 'all' },
    rules4: defaultRules(4),
    rules6: defaultRules(6),
    neighbours: [],
    fdb: [],
    rulesets4: [],
    rulesets6: [],
    ipsets: [],
    sysctls: new Map(),
    conntrack: [],
  };
}

export function applyNetns(snapshot: Snapshot, words: readonly string[], span: Span): Snapshot | Problem {
  const [action = '', name = '', ...more] = words;
  const known = snapshot.namespaces.get(name);
  if ('add'.startsWith(action) && action !== '') {
    if (name === '' || more.length > 0) return problem('`ip netns add NAME` takes one name');
    if (name === 'host') return problem('the root namespace is called host here; nothing else can be');
    if (known && !known.inferred)
      return problem(`cannot create namespace file "/var/run/netns/${name}": File exists`);
    return { ...snapshot, namespaces: new Map(snapshot.namespaces).set(name, freshNetns(name, span)) };
  }
  if ('delete'.startsWith(action) && action !== '') {
    if (!known) return problem(`there is no namespace ${name}`);
    return withoutNetns(snapshot, known);
  }
  return problem(`\`ip netns ${action}\` changes nothing that is modelled`);
}

/** Its virtual devices end with it; an end of a veth pair takes the other along. */
function withoutNetns(snapshot: Snapshot, netns: Netns): Snapshot {
  let next = snapshot;
  for (const link of netns.links ?? []) if (link.pair !== undefined) next = endOfPair(next, link.pair);
  const namespaces = new Map(next.namespaces);
  namespaces.delete(netns.name);
  return { ...next, namespaces };
}
