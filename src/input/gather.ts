/** Opens what the words of a command line name and lists the files behind them, each once, with its place. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import type { Issue } from '../base/issue.ts';
import type { InputLimits } from '../base/limits.ts';
import { isTar, readArchive } from './archive.ts';
import { type InputArgument, parseArgument } from './argument.ts';
import { unreadable, walkDirectory } from './directory.ts';
import { type Entry, fileEntry, memoryEntry, streamEntry } from './entry.ts';
import { captureStem, isInterfaceName } from './file-name.ts';
import { type Bundle, bundleHost } from './fleet.ts';
import type { Manifest } from './input.ts';
import { bundleRoots, isInside, manifestFile, type Place, placeInBundle } from './layout.ts';
import { readManifest } from './manifest.ts';
import type { PlacedEntry } from './placed.ts';
import { decodeText, readAll } from './text.ts';

export interface Gathered {
  readonly entries: readonly PlacedEntry[];
  readonly bundles: readonly Bundle[];
  readonly issues: readonly Issue[];
}

interface State {
  readonly entries: PlacedEntry[];
  readonly bundles: Bundle[];
  readonly issues: Issue[];
  /** Device and inode of files on disk → index in `entries`. */
  readonly seen: Map<string, number>;
  readonly limits: InputLimits;
}

export async function gather(
  words: readonly string[],
  limits: InputLimits,
  given: {
    readonly stdin?: AsyncIterable<Uint8Array>;
    readonly texts?: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  },
): Promise<Gathered> {
  const state: State = { entries: [], bundles: [], issues: [], seen: new Map(), limits };
  let read = false;
  for (const word of words) {
    const argument = parseArgument(word, existsSync);
    if (argument.path !== '-') {
      await gatherPath(argument, state);
      continue;
    }
    const { stdin } = given;
    if (stdin && !read) {
      read = true;
      await gatherFile(argument, streamEntry('-', stdin, limits), undefined, state);
    } else {
      const text = stdin ? 'standard input can be read only once' : 'nothing is connected to standard input';
      state.issues.push({ severity: 'error', code: 'stdin', text, path: '-' });
    }
  }
  for (const { path, bytes } of given.texts ?? [])
    await gatherFile({ text: path, path }, memoryEntry(path, path, bytes, limits), undefined, state);
  return state;
}

/** Files that are in memory already, as one directory would hold them; `path`: what it is called. */
export async function gatherFiles(
  path: string,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  limits: InputLimits,
): Promise<Gathered> {
  const state: State = { entries: [], bundles: [], issues: [], seen: new Map(), limits };
  const entries = files.map(({ name, bytes }) => memoryEntry(`${path}/${name}`, name, bytes, limits));
  await addContainer({ text: path, path }, path, entries, () => undefined, state, true);
  return state;
}

async function gatherPath(argument: InputArgument, state: State): Promise<void> {
  const { path } = argument;
  const kind = look(path, state);
  if (kind === undefined) return;
  if (kind.is === 'directory') {
    const { files, issues } = kind.walked;
    state.issues.push(...issues);
    if (files.length === 0) {
      const text = 'a directory without any file that could be read';
      state.issues.push({ severity: 'error', code: 'directory-empty', text, path });
    }
    const ids = new Map<Entry, string | undefined>();
    for (const file of files) {
      const { id, modified } = told(file.path);
      ids.set(fileEntry(file.path, file.name, state.limits, modified), id);
    }
    await addContainer(argument, path, [...ids.keys()], (entry) => ids.get(entry), state, false);
  } else if (kind.is === 'file') {
    const { id, modified } = told(path);
    await gatherFile(argument, fileEntry(path, path, state.limits, modified), id, state);
  } else {
    await gatherFile(argument, streamEntry(path, createReadStream(path), state.limits), undefined, state);
  }
}

type Kind =
  | { readonly is: 'directory'; readonly walked: ReturnType<typeof walkDirectory> }
  | { readonly is: 'file' | 'stream' };

function look(path: string, state: State): Kind | undefined {
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return { is: 'directory', walked: walkDirectory(path, state.limits) };
    return { is: stat.isFile() ? 'file' : 'stream' };
  } catch (error) {
    state.issues.push(unreadable(path, error));
    return undefined;
  }
}

/** One file named by itself: an archive is opened, anything else stands for itself. */
async function gatherFile(
  argument: InputArgument,
  entry: Entry,
  id: string | undefined,
  state: State,
): Promise<void> {
  const { head } = await entry.look(512);
  if (!isTar(head)) {
    const place = placeOf(argument);
    add({ entry, ...(place ? { place } : {}), expected: true }, id, state);
    return;
  }
  if (id !== undefined && state.seen.has(id)) {
    state.issues.push(twice(entry.path));
    return;
  }
  if (id !== undefined) state.seen.set(id, -1);
  const { files, issues } = await readArchive(entry.path, entry.open(), state.limits);
  state.issues.push(...issues);
  if (files.length === 0) {
    const text = 'an archive without any file that could be read';
    state.issues.push({ severity: 'error', code: 'archive-empty', text, path: entry.path });
  }
  const entries = files
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((file) =>
      memoryEntry(`${entry.path}/${file.name}`, file.name, file.bytes, state.limits, file.modified),
    );
  await addContainer(argument, entry.path, entries, () => undefined, state, true);
}

/**
 * The files of a directory or archive: in the layout of a bundle where it has one, loose otherwise. An archive is one machine's
 * also without that layout; of directories, several may be namespaces.
 */
async function addContainer(
  argument: InputArgument,
  path: string,
  entries: readonly Entry[],
  idOf: (entry: Entry) => string | undefined,
  state: State,
  packed: boolean,
): Promise<void> {
  const roots = bundleRoots(entries.map((entry) => entry.name));
  const manifests = new Map<string, Manifest>();
  const hosts = new Map<string, string | undefined>();
  for (const root of roots) {
    const name = root === '' ? 'manifest.json' : `${root}/manifest.json`;
    const entry = entries.find((candidate) => candidate.name === name);
    const manifest = entry && (await loadManifest(entry, state));
    const host = bundleHost(path, root, manifest);
    hosts.set(root, host);
    state.bundles.push({ ...(host === undefined ? {} : { host }), ...(manifest && { manifest }) });
    if (!manifest) continue;
    manifests.set(root, manifest);
    reportMissing(path, root, manifest, entries, state);
  }
  const archived = roots.length === 0 && packed ? bundleHost(path, '', undefined) : undefined;
  if (archived !== undefined) state.bundles.push({ host: archived });
  const beside = new Set(
    entries
      .map((entry) => folderOf(entry.name))
      .filter((folder) => baseOf(folder) === 'host')
      .map(folderOf),
  );
  for (const entry of entries) {
    const root = roots.find((candidate) => isInside(entry.name, candidate));
    const inner = root === undefined || root === '' ? entry.name : entry.name.slice(root.length + 1);
    if (root !== undefined && inner === 'manifest.json') continue;
    const listed = root === undefined ? undefined : manifestFile(manifests.get(root), inner);
    const layout = root === undefined ? undefined : placeInBundle(inner);
    // Notes beside the bundle's folders are nobody's dump.
    if (roots.length > 0 && !layout && !listed && /\.(md|html?)$/i.test(entry.name)) continue;
    const found =
      combine(entry.path, inner, layout, listed, state) ??
      (roots.length === 0 ? inFolder(inner, beside) : undefined);
    const given = placeOf(argument);
    const host = root === undefined ? archived : hosts.get(root);
    const place = given ? { ...found, ...given } : found;
    add(
      {
        entry,
        ...(place ? { place } : {}),
        ...(host === undefined ? {} : { host }),
        expected: layout !== undefined,
        container: path,
        ...(layout ? {} : { folder: `${path}/${inner}`.slice(0, -(baseOf(inner).length + 1)) }),
        ...(listed?.command === undefined ? {} : { command: listed.command }),
        ...(listed?.dropped === undefined ? {} : { dropped: listed.dropped }),
        ...collectedAt(root === undefined ? undefined : manifests.get(root), listed),
      },
      idOf(entry),
      state,
    );
  }
}

/** The file's own time, else that of its bundle. */
function collectedAt(
  manifest: Manifest | undefined,
  listed: NonNullable<Manifest['files']>[number] | undefined,
): Pick<PlacedEntry, 'time' | 'timeBy'> {
  const own = Date.parse(listed?.collectedAt ?? '');
  if (!Number.isNaN(own)) return { time: own / 1000, timeBy: 'manifest' };
  const time = Date.parse(manifest?.collectedAt ?? '');
  return Number.isNaN(time) ? {} : { time: time / 1000, timeBy: 'bundle' };
}

/** The folder says it first, then the manifest; the interface of a capture is what the manifest says, else its file's name. */
function combine(
  path: string,
  inner: string,
  layout: Place | undefined,
  listed: NonNullable<Manifest['files']>[number] | undefined,
  state: State,
): Place | undefined {
  const stem = captureStem(inner);
  const named = layout && inner.startsWith('captures/') && isInterfaceName(stem) ? stem : undefined;
  const namespace = layout?.namespace ?? listed?.namespace;
  const device = listed?.interface ?? named;
  if (
    layout?.namespace !== undefined &&
    listed?.namespace !== undefined &&
    layout.namespace !== listed.namespace
  ) {
    const text = `the manifest says namespace ${listed.namespace}, its folder ${layout.namespace}; the folder counts`;
    state.issues.push({ severity: 'warning', code: 'manifest-contradicts', text, path });
  }
  if (namespace === undefined && device === undefined) return undefined;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(device === undefined ? {} : { interface: device }),
    by: layout ? 'bundle' : 'manifest',
  };
}

async function loadManifest(entry: Entry, state: State): Promise<Manifest | undefined> {
  const { bytes, issue } = await readAll(entry.path, entry.open(), state.limits);
  const text = bytes && decodeText(bytes);
  if (issue) state.issues.push({ ...issue, severity: 'warning' });
  if (text === undefined) return undefined;
  const { manifest, issues } = readManifest(entry.path, text);
  state.issues.push(...issues);
  return manifest;
}

function reportMissing(
  path: string,
  root: string,
  manifest: Manifest,
  entries: readonly Entry[],
  state: State,
): void {
  const names = new Set(entries.map((entry) => entry.name));
  for (const file of manifest.files ?? []) {
    const name = root === '' ? file.path : `${root}/${file.path}`;
    if (names.has(name.replace(/\/(\.\/)+/g, '/').replace(/^\.\//, ''))) continue;
    const text = `the manifest lists ${file.path}, which is not there`;
    state.issues.push({ severity: 'warning', code: 'manifest-file-missing', text, path: `${path}/${root}` });
  }
}

function add(placed: PlacedEntry, id: string | undefined, state: State): void {
  const index = id === undefined ? undefined : state.seen.get(id);
  if (id === undefined || index === undefined) {
    if (id !== undefined) state.seen.set(id, state.entries.length);
    state.entries.push(placed);
    return;
  }
  state.issues.push(twice(placed.entry.path));
  const first = state.entries[index];
  if (first && placed.place?.by === 'argument' && first.place?.by !== 'argument')
    state.entries[index] = placed;
}

function twice(path: string): Issue {
  return { severity: 'warning', code: 'input-twice', text: 'named twice; read once', path };
}

/** Epoch seconds of its last modification; `id`: a file under whatever name, its device and inode. */
function told(path: string): { readonly id?: string; readonly modified?: number } {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stat) return {};
  const modified = Number(stat.mtimeNs) / 1e9;
  return stat.isFile() ? { id: `${stat.dev}:${stat.ino}`, modified } : { modified };
}

function placeOf(argument: InputArgument): Place | undefined {
  if (argument.namespace === undefined) return undefined;
  return {
    namespace: argument.namespace,
    ...(argument.interface === undefined ? {} : { interface: argument.interface }),
    by: 'argument',
  };
}

/** `host/eth0.pcap`, `red/eth0.pcap`: where one folder is called host, the folders beside it are namespaces too. */
function inFolder(name: string, beside: ReadonlySet<string>): Place | undefined {
  const folder = folderOf(name);
  if (folder === '' || !beside.has(folderOf(folder))) return undefined;
  const stem = captureStem(name);
  const device = /\.(pcap|pcapng|cap)\d*(\.\w+)?$/i.test(name) && isInterfaceName(stem) ? stem : undefined;
  return {
    namespace: baseOf(folder),
    ...(device === undefined ? {} : { interface: device }),
    by: 'file-name',
  };
}

function folderOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('/')));
}

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
