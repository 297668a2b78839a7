/** Bundles of several machines: which is whose, and the names of their namespaces, which begin with the machine's then. */
import type { Issue } from '../base/issue.ts';
import { isStageWord, timeFromFileName } from './dump-time.ts';
import { baseName, namespaceFromFileName } from './file-name.ts';
import { hostName, hostOf, qualified, rootOf } from './host.ts';
import type { CaptureInput, CommandInput, DumpInput, HostInput, Manifest } from './input.ts';
import { placeDumps } from './place-dumps.ts';
import type { RecognisedDump } from './placed.ts';

/** One folder or archive in the layout of a bundle. Without a name it is of the machine that the others are of. */
export interface Bundle {
  readonly host?: string;
  readonly manifest?: Manifest;
}

/** The manifest says whose it is, else the folder's or the archive's name, of which neither a time nor `before` is a part. */
export function bundleHost(
  container: string,
  root: string,
  manifest: Manifest | undefined,
): string | undefined {
  const told = hostName(manifest?.host ?? '');
  if (told !== '') return told;
  const folders = [...container.split(/[/\\]/), ...root.split('/')].filter(
    (part) => !/^(\.*|bundle)$/.test(part),
  );
  const name = (folders.at(-1) ?? '').replace(/\.(tar|tgz|tar\.\w+|gz|zst|zip)$/i, '').replace(/\.tar$/i, '');
  const stable = name.split(/[-_. ]+/).filter((part) => !isStageWord(part));
  if (stable.length === 0) return undefined;
  const kept =
    timeFromFileName(name) === undefined ? stable : stable.filter((part) => !/^\d[\dTZ:]{5,}$/.test(part));
  return kept.length === 0 ? undefined : hostName(kept.join('-'));
}

/** The machines that the inputs are of, where it takes names to tell them apart; else none. */
export function fleetOf(bundles: readonly Bundle[], placements: readonly string[]): HostInput[] {
  const told = placements.flatMap((namespace) => hostOf(namespace) ?? []);
  const names = new Set([...bundles.flatMap(({ host }) => host ?? []), ...told]);
  if (names.size < 2 && told.length === 0) return [];
  const [first] = names;
  return [...names].map((name) => {
    const manifests = bundles
      .filter(({ host = first }) => host === name)
      .flatMap(({ manifest }) => manifest ?? []);
    const manifest = mergeManifests(manifests);
    return { name, ...(manifest && { manifest }) };
  });
}

/** Of several bundles: the first's host and time, all their namespaces and files. */
export function mergeManifests(manifests: readonly Manifest[]): Manifest | undefined {
  const [first, ...others] = manifests;
  if (!first || others.length === 0) return first;
  return {
    ...first,
    namespaces: manifests.flatMap((manifest) => manifest.namespaces ?? []),
    files: manifests.flatMap((manifest) => manifest.files ?? []),
  };
}

/** What was recognised, with the machine of the bundle that it was in. */
export interface Recognised {
  readonly captures: readonly (CaptureInput & Of)[];
  readonly dumps: readonly (RecognisedDump & Of)[];
  readonly commands: readonly (CommandInput & Of)[];
}

interface Of {
  readonly host?: string;
}

export interface Placed {
  readonly captures: readonly CaptureInput[];
  readonly dumps: readonly DumpInput[];
  readonly commands: readonly CommandInput[];
  readonly issues: readonly Issue[];
}

/** Every namespace with its machine's name before its own; what lies beside the bundles is placed by what it names. */
export function placeFleet(recognised: Recognised, hosts: readonly HostInput[]): Placed {
  const issues: Issue[] = [];
  const known = knownNamespaces(recognised, hosts);
  const hostFor = (item: Of & Pick<CaptureInput, 'namespace' | 'by'>, path: string): string | undefined =>
    item.host ??
    hostNamed(item.namespace, known) ??
    hostByPath(path, known) ??
    (item.by === 'bundle' ? hosts[0]?.name : undefined);
  const dumps = hosts.flatMap(({ name, manifest }) => {
    const own = recognised.dumps.filter((item) => hostFor(item, item.dump.path) === name);
    const captures = recognised.captures.filter(({ host }) => host === name);
    return placeDumps(
      own.map((item) => withLocal(item, name)),
      captures,
      manifest,
    ).map((input) => ({
      ...input,
      namespace: qualified(name, input.namespace),
    }));
  });
  for (const item of recognised.dumps) {
    if (hostFor(item, item.dump.path) === undefined) issues.push(ofNobody(item.dump.path, hosts));
  }
  const captures = recognised.captures.map(({ host, ...capture }): CaptureInput => {
    const owner = hostFor({ ...capture, ...(host === undefined ? {} : { host }) }, capture.path);
    if (capture.namespace === undefined || owner === undefined) {
      return owner === undefined ? capture : { ...capture, host: owner };
    }
    return { ...capture, namespace: withLocalName(capture.namespace, owner), host: owner };
  });
  const commands = recognised.commands.flatMap(({ host, ...command }) => {
    const of = {
      namespace: command.namespace,
      by: 'assumed' as const,
      ...(host === undefined ? {} : { host }),
    };
    const owner = hostFor(of, command.path);
    return owner === undefined ? [] : [{ ...command, namespace: withLocalName(command.namespace, owner) }];
  });
  return { captures, dumps, commands, issues };
}

/** Machine → its namespaces, by their own names. */
type Known = ReadonlyMap<string, ReadonlySet<string>>;

function knownNamespaces({ captures, dumps }: Recognised, hosts: readonly HostInput[]): Known {
  return new Map(
    hosts.map(({ name, manifest }) => {
      const told = [...captures, ...dumps].filter(({ host }) => host === name);
      const listed = (manifest?.namespaces ?? []).map((entry) => entry.name);
      return [name, new Set([...told.flatMap(({ namespace }) => namespace ?? []), ...listed])];
    }),
  );
}

/** `node-1/red`; `node-1` for its root namespace; `red` where one machine alone has it. */
function hostNamed(namespace: string | undefined, known: Known): string | undefined {
  if (namespace === undefined) return undefined;
  const told = hostOf(namespace);
  if (told !== undefined) return told;
  if (known.has(namespace)) return namespace;
  const [only, ...others] = [...known].filter(([, names]) => namespace !== 'host' && names.has(namespace));
  return others.length === 0 ? only?.[0] : undefined;
}

/** `node-1-rules.v4`, `node-1/rules.v4`. */
function hostByPath(path: string, known: Known): string | undefined {
  const names = new Set(known.keys());
  const folder = path
    .split('/')
    .slice(0, -1)
    .findLast((part) => names.has(part));
  return (
    namespaceFromFileName(path, names) ?? folder ?? (names.has(baseName(path)) ? baseName(path) : undefined)
  );
}

function withLocal(item: RecognisedDump & Of, host: string): RecognisedDump {
  const { namespace, host: _of, ...rest } = item;
  if (namespace === undefined) return rest;
  return { ...rest, namespace: withLocalName(namespace, host).slice(host.length + 1) };
}

/** Qualified, whichever way it was named. */
function withLocalName(namespace: string, host: string): string {
  if (hostOf(namespace) !== undefined) return namespace;
  return namespace === host ? rootOf(`${host}/`) : qualified(host, namespace);
}

function ofNobody(path: string, hosts: readonly HostInput[]): Issue {
  const [first] = hosts;
  return {
    severity: 'warning',
    code: 'host-unknown',
    text: `of which of the machines (${hosts.map(({ name }) => name).join(', ')}) it is nothing says; left out. Say it with ${first?.name ?? 'HOST'}/NS:=${path}`,
    path,
  };
}
