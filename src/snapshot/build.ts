/** From recognised dumps to the state of the host: one Netns a namespace, Docker's view, and where dumps contradict. */
import type { Issue } from '../base/issue.ts';
import type { Docker, DockerContainer, DockerNetwork } from '../dump/records.ts';
import type { DumpInput, InputSet, Manifest } from '../input/input.ts';
import { placeContainers } from './docker.ts';
import { linksFromRoutes, mergeLinks } from './links.ts';
import { byCredibility } from './order.ts';
import { checkAgainstAddresses, mergeRoutes } from './routes.ts';
import { mergeNft, mergeRulesets } from './rulesets.ts';
import { type Identity, seenNamespaces, withCounters } from './seen.ts';
import {
  mergeBridgeVlans,
  mergeConntrack,
  mergeCounters,
  mergeFdb,
  mergeFrameFilters,
  mergeIpsets,
  mergeMdb,
  mergeNeighbours,
  mergeNexthopBuckets,
  mergeNexthops,
  mergeProcesses,
  mergeQdiscs,
  mergeResolver,
  mergeRules,
  mergeSockets,
  mergeSysctls,
} from './settings.ts';
import type { Netns, Snapshot } from './snapshot.ts';

export function buildSnapshot(inputs: InputSet): { snapshot: Snapshot; issues: Issue[] } {
  const issues: Issue[] = [];
  const dumps = byCredibility(inputs.dumps);
  const docker = mergeDocker(dumps);
  const dumped = new Map<string, Netns>();
  const seen = seenNamespaces(dumps);
  const described = dumps.filter((input) => !isHostWide(input));
  for (const name of namespaceNames(described, inputs.manifest)) {
    const own = described.filter((input) => input.namespace === name);
    dumped.set(
      name,
      buildNetns(name, own, { ...seen.get(name), ...declared(inputs.manifest, name) }, issues),
    );
  }
  const claims = new Map(
    (inputs.manifest?.namespaces ?? []).flatMap((entry) =>
      entry.container === undefined ? [] : [[entry.name, entry.container] as const],
    ),
  );
  const { owners, inferred } = placeContainers(docker.containers, dumped, claims);
  const namespaces = new Map<string, Netns>();
  for (const [name, netns] of dumped) {
    const container = claims.get(name) ?? firstOwner(owners, docker.containers, name);
    namespaces.set(name, container === undefined || name === 'host' ? netns : { ...netns, container });
  }
  for (const netns of inferred) namespaces.set(netns.name, netns);
  const processes = mergeProcesses(dumps);
  return {
    snapshot: {
      ...(inputs.manifest?.host === undefined ? {} : { host: inputs.manifest.host }),
      namespaces,
      docker,
      containerNamespaces: owners,
      ...(processes ? { processes } : {}),
    },
    issues,
  };
}

const HOST_WIDE: ReadonlySet<DumpInput['dump']['content']['kind']> = new Set([
  'containers',
  'container-list',
  'docker-networks',
  'namespaces',
  'processes',
  'unused',
]);

/** Docker's and the process list speak of the machine, not of one namespace. */
function isHostWide({ dump }: DumpInput): boolean {
  const kind = dump.content.kind;
  return HOST_WIDE.has(kind);
}

/** `host` first, then as the dumps name them, then those that only the manifest knows. */
function namespaceNames(dumps: readonly DumpInput[], manifest: Manifest | undefined): string[] {
  const names = new Set([
    ...dumps.map((input) => input.namespace),
    ...(manifest?.namespaces ?? []).map((entry) => entry.name),
  ]);
  return [...names].sort((a, b) => Number(b === 'host') - Number(a === 'host'));
}

/** What the manifest says of a namespace counts for more than what a list of namespaces does. */
function declared(manifest: Manifest | undefined, name: string): Identity {
  const known = manifest?.namespaces?.find((entry) => entry.name === name);
  return present({ inode: known?.inode, pid: known?.pid, netnsid: known?.netnsid });
}

function buildNetns(name: string, dumps: readonly DumpInput[], identity: Identity, issues: Issue[]): Netns {
  const netns: Netns = {
    name,
    ...identity,
    inferred: dumps.length === 0,
  };
  const routes4 = mergeRoutes(dumps, 4, issues);
  const routes6 = mergeRoutes(dumps, 6, issues);
  const links = mergeLinks(dumps, issues);
  if (links && !links.addressesUnknown) {
    netns.links = withCounters(links.links, dumps);
    checkAgainstAddresses(links.links, routes4, 4, issues);
    checkAgainstAddresses(links.links, routes6, 6, issues);
  } else if (links || routes4 || routes6) {
    netns.links = linksFromRoutes(links?.links ?? [], [routes4, routes6]);
    if (netns.links.every((link) => link.name === 'lo' || link.addresses.length === 0)) {
      netns.addressesUnknown = true;
    }
  }
  const rulesets4 = mergeRulesets(dumps, 4, issues);
  const rulesets6 = mergeRulesets(dumps, 6, issues);
  const nft = mergeNft(dumps, { 4: rulesets4, 6: rulesets6 });
  return Object.assign(
    netns,
    present({
      routes4,
      routes6,
      rules4: mergeRules(dumps, 4, issues),
      rules6: mergeRules(dumps, 6, issues),
      nexthops: mergeNexthops(dumps),
      nexthopBuckets: mergeNexthopBuckets(dumps),
      neighbours: mergeNeighbours(dumps, issues),
      fdb: mergeFdb(dumps),
      mdb: mergeMdb(dumps),
      bridgeVlans: mergeBridgeVlans(dumps),
      frameFilters: mergeFrameFilters(dumps),
      qdiscs: mergeQdiscs(dumps),
      rulesets4: rulesets4 ?? (nft.emptyRulesets.includes(4) ? [] : undefined),
      rulesets6: rulesets6 ?? (nft.emptyRulesets.includes(6) ? [] : undefined),
      ipsets: mergeIpsets(dumps, issues),
      nft: nft.ruleset,
      sysctls: mergeSysctls(dumps, issues),
      sockets: mergeSockets(dumps),
      conntrack: mergeConntrack(dumps),
      counters: mergeCounters(dumps),
      resolver: mergeResolver(dumps),
    }),
  );
}

function mergeDocker(dumps: readonly DumpInput[]): Docker {
  const containers = new Map<string, DockerContainer>();
  const networks = new Map<string, DockerNetwork>();
  for (const { dump } of dumps) {
    if (dump.content.kind === 'containers') {
      for (const container of dump.content.containers) containers.set(container.id, container);
    } else if (dump.content.kind === 'docker-networks') {
      for (const network of dump.content.networks) networks.set(network.id, network);
    }
  }
  const listed = dumps
    .flatMap(({ dump }) => (dump.content.kind === 'container-list' ? dump.content.containers : []))
    .filter(({ id }) => ![...containers.keys()].some((known) => known.startsWith(id)));
  return {
    containers: [...containers.values()],
    networks: [...networks.values()],
    ...(listed.length === 0
      ? {}
      : { listed: [...new Map(listed.map((each) => [each.id.slice(0, 12), each])).values()] }),
  };
}

/** Several containers may share a namespace; it is named after the one that made it. */
function firstOwner(
  owners: ReadonlyMap<string, string>,
  containers: readonly DockerContainer[],
  namespace: string,
): string | undefined {
  const here = containers.filter((container) => owners.get(container.name) === namespace);
  return (here.find((container) => !container.networkMode.startsWith('container:')) ?? here[0])?.name;
}

/** Without the keys that are undefined: absent is not empty, and nor is it a key. */
function present<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
