/**
 * A snapshot of several machines: the namespaces of each have its name before their own, and what is one machine's (Docker's view,
 * processes) is kept by machine. What one machine is asked or told is asked of its own view, where names stand by themselves.
 */
import { hostOf, localName, qualified } from '../input/host.ts';
import type { Machine, Netns, Snapshot } from './snapshot.ts';

/** Docker's view and the processes of the machine that the namespace is on. */
export function machineOf(snapshot: Snapshot, namespace: string): Machine {
  const host = hostOf(namespace);
  return (host === undefined ? undefined : snapshot.hosts?.get(host)) ?? snapshot;
}

/** Of snapshots by machine's name, one. */
export function joinMachines(machines: ReadonlyMap<string, Snapshot>): Snapshot {
  const namespaces = new Map<string, Netns>();
  const hosts = new Map<string, Machine>();
  for (const [host, machine] of machines) {
    for (const netns of machine.namespaces.values()) {
      const named = onHost(netns, host);
      namespaces.set(named.name, named);
    }
    hosts.set(host, {
      docker: machine.docker,
      containerNamespaces: ownersOn(machine, host),
      ...(machine.processes && { processes: machine.processes }),
    });
  }
  const all = [...machines.values()];
  const commands = [...machines].flatMap(([host, machine]) =>
    (machine.commands ?? []).map((each) => ({ ...each, namespace: qualified(host, each.namespace) })),
  );
  const listed = all.flatMap(({ docker }) => docker.listed ?? []);
  return {
    namespaces,
    docker: {
      containers: all.flatMap(({ docker }) => docker.containers),
      networks: all.flatMap(({ docker }) => docker.networks),
      ...(listed.length > 0 && { listed }),
    },
    hosts,
    ...(commands.length > 0 && { commands }),
  };
}

/** One machine by itself, as if it were the only one. */
export function viewOf(snapshot: Snapshot, host: string): Snapshot {
  const machine = snapshot.hosts?.get(host);
  const namespaces = [...snapshot.namespaces.values()]
    .filter(({ name }) => hostOf(name) === host)
    .map(byItself);
  const owners = [...(machine?.containerNamespaces ?? [])].map(
    ([container, namespace]) => [container, localName(namespace)] as const,
  );
  return {
    host,
    namespaces: new Map(namespaces.map((netns) => [netns.name, netns])),
    docker: machine?.docker ?? { containers: [], networks: [] },
    containerNamespaces: new Map(owners),
    ...(machine?.processes && { processes: machine.processes }),
  };
}

/** The machine as its view shows it now, in place of what it was. */
export function withView(snapshot: Snapshot, host: string, view: Snapshot): Snapshot {
  const namespaces = new Map<string, Netns>();
  const now = [...view.namespaces.values()].map((netns) => onHost(netns, host));
  for (const [name, netns] of snapshot.namespaces) {
    if (hostOf(name) !== host) namespaces.set(name, netns);
    else if (view.namespaces.has(localName(name))) namespaces.set(name, netns);
  }
  for (const netns of now) namespaces.set(netns.name, netns);
  return { ...snapshot, namespaces };
}

function ownersOn({ containerNamespaces }: Snapshot, host: string): ReadonlyMap<string, string> {
  return new Map(
    [...(containerNamespaces ?? [])].map(([container, namespace]) => [container, qualified(host, namespace)]),
  );
}

const NAMED = new WeakMap<Netns, Netns>();
const BARE = new WeakMap<Netns, Netns>();

/** What didn't change in between is the same object again. */
function onHost(netns: Netns, host: string): Netns {
  const known = NAMED.get(netns);
  if (known && known.host === host) return known;
  const named: Netns = {
    ...netns,
    name: qualified(host, netns.name),
    host,
    ...peersNamed(netns, (name) => qualified(host, name)),
  };
  NAMED.set(netns, named);
  BARE.set(named, netns);
  return named;
}

function byItself(netns: Netns): Netns {
  const known = BARE.get(netns);
  if (known) return known;
  const { host = '', ...rest } = netns;
  const bare: Netns = { ...rest, name: localName(netns.name), ...peersNamed(netns, localName) };
  BARE.set(netns, bare);
  if (host !== '') NAMED.set(bare, netns);
  return bare;
}

/** `link-netns red`: a name as the machine has it. */
function peersNamed({ links }: Netns, name: (text: string) => string): Pick<Netns, 'links'> {
  if (!links?.some(({ peerNetns }) => peerNetns !== undefined)) return {};
  return {
    links: links.map((link) =>
      link.peerNetns === undefined ? link : { ...link, peerNetns: name(link.peerNetns) },
    ),
  };
}
