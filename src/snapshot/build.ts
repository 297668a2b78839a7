/** From recognised dumps to the state of the host: one Netns a namespace, Docker's view, and where dumps contradict. */
import type { Issue } from '../base/issue.ts';
import type { Docker, DockerContainer, DockerNetwork } from '../dump/records.ts';
import { hostOf, localName } from '../input/host.ts';
import type { DumpInput, HostInput, InputSet, Manifest } from '../input/input.ts';
import { buildNetns, present } from './build-netns.ts';
import { placeContainers } from './docker.ts';
import { joinMachines } from './machines.ts';
import { byCredibility, isHostWide } from './order.ts';
import { overlayNetns } from './overlay.ts';
import { type Identity, seenNamespaces } from './seen.ts';
import { playSession } from './session.ts';
import { mergeProcesses } from './settings.ts';
import type { Netns, Snapshot } from './snapshot.ts';
import { dumpedStates } from './states.ts';

/** Where dumps are of several times, the last state: that in which the host was left. */
export function buildSnapshot(inputs: InputSet): { snapshot: Snapshot; issues: Issue[] } {
  return buildState(inputs, dumpedStates(inputs.dumps).at(-1)?.dumps ?? inputs.dumps);
}

/** The host, or each of several, as these dumps, of the inputs', show it. */
export function buildState(
  inputs: InputSet,
  stood: readonly DumpInput[],
): { snapshot: Snapshot; issues: Issue[] } {
  if (!inputs.hosts) return buildMachine(inputs, stood);
  const built = inputs.hosts.map((host) => ({
    name: host.name,
    ...buildMachine(inputsOf(inputs, host), ofMachine(stood, host.name)),
  }));
  return {
    snapshot: joinMachines(new Map(built.map(({ name, snapshot }) => [name, snapshot]))),
    issues: built.flatMap(({ issues }) => issues),
  };
}

/** One machine's inputs as if there were no other. */
function inputsOf(
  { captures, dumps, commands, limits, issues }: InputSet,
  { name, manifest }: HostInput,
): InputSet {
  return {
    captures,
    dumps: ofMachine(dumps, name),
    ...(commands && { commands: ofMachine(commands, name) }),
    ...(manifest && { manifest }),
    ...(limits && { limits }),
    issues,
  };
}

function ofMachine<T extends { readonly namespace: string }>(items: readonly T[], host: string): T[] {
  return items
    .filter(({ namespace }) => hostOf(namespace) === host)
    .map((item) => ({ ...item, namespace: localName(item.namespace) }));
}

function buildMachine(
  inputs: InputSet,
  stood: readonly DumpInput[],
): { snapshot: Snapshot; issues: Issue[] } {
  const issues: Issue[] = [];
  const dumps = byCredibility(stood.filter(({ step }) => step === undefined));
  const docker = mergeDocker([...dumps, ...stood.filter(({ step }) => step !== undefined)]);
  const session = playSession(inputs, docker);
  issues.push(...session.issues);
  const dumped = new Map<string, Netns>(session.namespaces);
  const seen = seenNamespaces(inputs.dumps);
  const described = dumps.filter((input) => !isHostWide(input));
  for (const name of namespaceNames(described, inputs.manifest)) {
    const own = described.filter((input) => input.namespace === name);
    const identity = { ...seen.get(name), ...declared(inputs.manifest, name) };
    const netns = buildNetns(name, own, identity, issues);
    dumped.set(name, overlayNetns(session.namespaces.get(name), netns));
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
  const { limits } = inputs;
  if (limits) for (const [name, netns] of namespaces) namespaces.set(name, { ...netns, limits });
  const processes = mergeProcesses(inputs.dumps);
  return {
    snapshot: {
      ...(inputs.manifest?.host === undefined ? {} : { host: inputs.manifest.host }),
      namespaces,
      docker,
      containerNamespaces: owners,
      ...(processes ? { processes } : {}),
      ...(session.steps.length > 0 ? { commands: session.steps } : {}),
    },
    issues,
  };
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
