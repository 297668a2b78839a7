/** `ip link add|del`, and `ip link set` with a new namespace or name: rtnl_newlink(), dev_change_net_namespace(). */
import type { Span } from '../../base/span.ts';
import type { Link } from '../../dump/records.ts';
import { parseMac } from '../../net/mac.ts';
import type { Netns, Snapshot } from '../snapshot.ts';
import { endOfPair, withoutDevice } from './pair.ts';
import { noInterface, noNamespace, type Problem, problem, Words } from './words.ts';

/** Kinds that the model knows as devices; of others their kind is kept and nothing else. */
const KINDS = new Set(
  'bridge veth dummy vlan vxlan macvlan macvtap ipvlan bond team vrf ifb tun tap gre gretap ip6gre ipip sit ip6tnl geneve wireguard'.split(
    ' ',
  ),
);

/** Undefined: it concerns one device of one namespace only. */
export function applyLinkLife(
  snapshot: Snapshot,
  namespace: string,
  given: readonly string[],
  span: Span,
): Snapshot | Problem | undefined {
  const words = new Words(given);
  const action = words.takeAction(['add', 'delete', 'change', 'replace', 'set'] as const);
  if (action === 'add') return add(snapshot, namespace, words, span);
  if (action === 'delete') return remove(snapshot, namespace, words);
  if (action === 'set' || action === 'change') return relocate(snapshot, namespace, words);
  return undefined;
}

/** 02:00:00:00:xx:xx. The kernel takes one at random, eth_random_addr(); what matters is that no two are the same. */
const MADE_MACS = 0x02_00_00_00_00_00;

interface Draft {
  name?: string;
  parent?: string;
  netns?: string;
  kind?: string;
  up: boolean;
  mtu?: number;
  mac?: number;
  index?: number;
  data: Record<string, unknown>;
  peer?: Draft;
}

function add(snapshot: Snapshot, namespace: string, words: Words, span: Span): Snapshot | Problem {
  const draft = parse(words);
  if ('problem' in draft) return draft;
  const { name, kind } = draft;
  if (kind === undefined) return problem('`type KIND` is needed');
  if (!KINDS.has(kind)) return problem(`devices of type ${kind} are not modelled`);
  if (name === undefined) return problem('a name is needed');
  const pair = kind === 'veth' ? nextPair(snapshot) : undefined;
  const first = place(snapshot, namespace, draft, name, kind, pair, span);
  if ('problem' in first || kind !== 'veth') return first;
  const peer = draft.peer ?? { up: false, data: {} };
  const other = peer.name ?? freeName(first, namespace);
  return place(first, namespace, peer, other, kind, pair, span);
}

function parse(words: Words): Draft | Problem {
  const draft: Draft = { up: false, data: {} };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === 'up' || word === 'down') draft.up = word === 'up';
    else if (word === 'type') {
      draft.kind = words.take() ?? '';
      const fault = parseKind(draft, words);
      if (fault) return fault;
    } else if (word === 'name' || word === 'dev') draft.name = words.take() ?? '';
    else if (word === 'link') draft.parent = words.take() ?? '';
    else if (word === 'netns') draft.netns = words.take() ?? '';
    else if (word === 'mtu') draft.mtu = Number(words.take());
    else if (word === 'index') draft.index = Number(words.take());
    else if (word === 'address') {
      const mac = parseMac(words.take() ?? '');
      if (mac === undefined) return problem('address needs a MAC address');
      draft.mac = mac;
    } else if (
      /^(?:txqueuelen|txqlen|broadcast|brd|group|numtxqueues|numrxqueues|gso_max_size|alias)$/.test(word)
    )
      words.take();
    else if (/^(?:multicast|arp|promisc|allmulticast)$/.test(word)) words.take();
    else if (draft.name === undefined && !word.startsWith('-')) draft.name = word;
    else return problem(`\`${word}\` is not expected here`);
  }
  if (draft.name !== undefined && !/^[^\s/:]{1,15}$/.test(draft.name))
    return problem(`"${draft.name}" is no name of an interface: at most 15 characters, without / and blanks`);
  return draft;
}

/** `peer [name] NAME …` of veth; `key value` of the others, by the names that `ip -j -d link` gives them. */
function parseKind(draft: Draft, words: Words): Problem | undefined {
  if (draft.kind === 'veth') {
    if (words.peek() !== 'peer') return undefined;
    words.take();
    const peer = parse(words);
    if ('problem' in peer) return peer;
    draft.peer = peer;
    return undefined;
  }
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const key = word === 'dstport' ? 'port' : word === 'dev' ? 'link' : word;
    const value = words.peek();
    if (value === undefined || /^(?:no\w+|external|proxy|l2miss|l3miss|learning)$/.test(word)) {
      draft.data[key.replace(/^no(?=learning|udpcsum)/, '')] = !word.startsWith('no');
      continue;
    }
    words.take();
    draft.data[key] = /^\d+$/.test(value) ? Number(value) : value;
  }
  if (draft.kind === 'vxlan' && typeof draft.data.link === 'string') draft.parent ??= draft.data.link;
  if (draft.kind === 'vlan' && typeof draft.data.id !== 'number') return problem('`id VLAN` is needed');
  return undefined;
}

function place(
  snapshot: Snapshot,
  namespace: string,
  draft: Draft,
  name: string,
  kind: string,
  pair: number | undefined,
  span: Span,
): Snapshot | Problem {
  const home = draft.netns ?? namespace;
  const target = snapshot.namespaces.get(home);
  if (!target) return noNamespace(home);
  const links = target.links ?? [];
  if (links.some((link) => link.name === name)) return problem(`RTNETLINK answers: File exists (${name})`);
  if (draft.parent !== undefined && !target.partial && !links.some((link) => link.name === draft.parent))
    return noInterface(draft.parent);
  const index = draft.index ?? nextIndex(snapshot);
  const link: Link = {
    ...{
      name,
      kind,
      flags: draft.up ? ['UP', 'LOWER_UP'] : [],
      addresses: [],
      operstate: draft.up ? 'UP' : 'DOWN',
    },
    ...{
      index,
      mac: draft.mac ?? MADE_MACS + index,
      mtu: draft.mtu ?? (kind === 'vxlan' ? 1450 : 1500),
      linkType: 'ether',
    },
    ...(draft.parent !== undefined && { peerName: draft.parent }),
    ...(pair !== undefined && { pair }),
    ...(Object.keys(draft.data).length > 0 && { kindData: draft.data }),
    span,
  };
  return withNetns(snapshot, { ...target, links: [...links, link] });
}

function remove(snapshot: Snapshot, namespace: string, words: Words): Snapshot | Problem {
  if (words.peek() === 'dev') words.take();
  const name = words.take() ?? '';
  const netns = snapshot.namespaces.get(namespace);
  const link = netns?.links?.find((candidate) => candidate.name === name);
  if (!netns || !link) return noInterface(name);
  if (link.flags.includes('LOOPBACK')) return problem('the loopback device can’t be deleted');
  if (link.pair !== undefined) return endOfPair(snapshot, link.pair);
  return withNetns(snapshot, withoutDevice(netns, name));
}

/** `set DEV netns NS` and `set DEV name NEW`, alone or with other words, which are left to the one who sets those. */
function relocate(snapshot: Snapshot, namespace: string, words: Words): Snapshot | Problem | undefined {
  const all = [...words.rest()];
  const given = all[0] === 'dev' ? all.slice(1) : all;
  const [name = ''] = given;
  const at = given.findIndex((word, i) => i > 0 && (word === 'netns' || word === 'name'));
  if (at < 0) return undefined;
  const rest = given.filter((_, i) => i !== 0 && i !== at && i !== at + 1);
  if (rest.some((word) => !['up', 'down', 'name', 'netns'].includes(word) && !/^[\w.@-]+$/.test(word)))
    return problem(`\`${rest.join(' ')}\` together with ${given[at]} is not modelled`);
  const netns = snapshot.namespaces.get(namespace);
  const link = netns?.links?.find((candidate) => candidate.name === name);
  if (!netns || !link) return noInterface(name);
  const value = given[at + 1] ?? '';
  if (given[at] === 'name') {
    if (netns.links?.some((other) => other.name === value))
      return problem(`RTNETLINK answers: File exists (${value})`);
    const links = netns.links?.map((other) => (other === link ? { ...link, name: value } : other));
    return withNetns(snapshot, { ...netns, ...(links && { links }) });
  }
  const target = namespaceOf(snapshot, value);
  if (typeof target !== 'string') return target;
  const into = snapshot.namespaces.get(target);
  if (!into) return problem(`no namespace ${target} is known`);
  if (into === netns) return snapshot;
  if (link.flags.includes('LOOPBACK') || link.kind === 'bridge')
    return problem('RTNETLINK answers: Invalid argument (such a device stays where it is)');
  const newName = rest[rest.indexOf('name') + 1];
  const moved = movedLink(
    link,
    rest.includes('name') && newName !== undefined ? newName : name,
    rest.includes('up'),
  );
  if (into.links?.some((other) => other.name === moved.name))
    return problem(`RTNETLINK answers: File exists (${moved.name} in ${target})`);
  const left = withNetns(snapshot, withoutDevice(netns, name));
  return withNetns(left, { ...into, links: [...(into.links ?? []), moved] });
}

/** Closed on the way: it is down there, without addresses, master and routes. */
function movedLink(link: Link, name: string, up: boolean): Link {
  const {
    master: _master,
    port: _port,
    peerIndex: _index,
    peerNetns: _netns,
    peerNetnsid: _id,
    ...rest
  } = link;
  const flags = rest.flags.filter((flag) => !['UP', 'LOWER_UP', 'RUNNING', 'NO-CARRIER'].includes(flag));
  // The other end of a pair is found by `pair`; without it, by the indexes that the dump shows.
  const kept = link.pair === undefined && link.peerIndex !== undefined ? { peerIndex: link.peerIndex } : {};
  return {
    ...{ ...rest, ...kept, name, flags: up ? [...flags, 'UP', 'LOWER_UP'] : flags },
    ...{ addresses: [], operstate: up ? 'UP' : 'DOWN' },
  };
}

/** A name, a path, or a process: 1 is the machine's. */
function namespaceOf(snapshot: Snapshot, text: string): string | Problem {
  const name = text.slice(text.lastIndexOf('/') + 1);
  if (snapshot.namespaces.has(name)) return name;
  if (/^\d+$/.test(text)) {
    if (text === '1') return 'host';
    const owner = [...snapshot.namespaces.values()].find(({ pid }) => pid === Number(text));
    const container = snapshot.docker.containers.find(({ pid }) => pid === Number(text));
    const found = owner?.name ?? (container && snapshot.containerNamespaces?.get(container.name));
    return found ?? problem(`the namespace of process ${text} is not known`);
  }
  return noNamespace(name);
}

function withNetns(snapshot: Snapshot, netns: Netns): Snapshot {
  return { ...snapshot, namespaces: new Map(snapshot.namespaces).set(netns.name, netns) };
}

/** Unique over all namespaces, which the kernel's aren't; so nothing is mistaken for another's end. */
function nextIndex(snapshot: Snapshot): number {
  const used = [...snapshot.namespaces.values()].flatMap(({ links }) =>
    (links ?? []).map(({ index }) => index ?? 0),
  );
  return Math.max(1, ...used) + 1;
}

function nextPair(snapshot: Snapshot): number {
  const used = [...snapshot.namespaces.values()].flatMap(({ links }) =>
    (links ?? []).map(({ pair }) => pair ?? 0),
  );
  return Math.max(0, ...used) + 1;
}

function freeName(snapshot: Snapshot, namespace: string): string {
  const names = new Set(snapshot.namespaces.get(namespace)?.links?.map(({ name }) => name));
  let number = 0;
  while (names.has(`veth${number}`)) number++;
  return `veth${number}`;
}
