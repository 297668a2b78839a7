/** All that is captured, on disk: a folder of bundles, each with the packets that met one state of the host (`live --write`). */
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Frame } from '../capture/frame.ts';
import { pcapWriter } from '../capture/pcap-writer.ts';
import type { WrittenPacket } from '../capture/writer.ts';
import type { CollectedFile, CollectedManifest } from '../collect/bundle.ts';
import type { CapturePoint } from '../collect/capture-points.ts';
import type { BundleFile } from './analyst.ts';
import { nameOf } from './tap.ts';

export interface RecorderOptions {
  readonly folder: string;
  /** Bytes of all captures together; the oldest bundles go. */
  readonly limit: number;
  readonly snaplen: number;
}

export interface RecorderOutside {
  /** Epoch milliseconds. */
  now(): number;
  onWarning(text: string): void;
}

/** Milliseconds after which a bundle is followed by the next whatever happens, and until what came is on disk. */
const LONGEST = 600_000;
const FLUSH = 1000;
/** Of the limit a bundle has so much at most: what goes has to be little of what there is. */
const SHARE = 1 / 8;
/** Bytes that are written together. */
const BLOCK = 1 << 18;
/** `20261129T140211Z` */
const NAME = /^\d{8}T\d{6}Z(-\d+)?$/;

interface Capture {
  readonly file: CollectedFile;
  readonly descriptor: number;
  readonly write: (packet: WrittenPacket) => void;
  readonly waiting: Uint8Array[];
  /** Bytes that wait, without headers. */
  size: number;
  packets: number;
}

interface Bundle {
  readonly name: string;
  readonly begun: number;
  readonly manifest: CollectedManifest;
  readonly captures: Map<string, Capture>;
  bytes: number;
}

export class Recorder {
  /** Bundles that were begun. */
  count = 0;
  readonly folder: string;
  readonly #options: RecorderOptions;
  readonly #outside: RecorderOutside;
  /** Oldest first, with the bytes of their captures; those of earlier runs among them. */
  #older: { readonly name: string; readonly bytes: number }[] = [];
  #bundle: Bundle | undefined;
  #state: () => readonly BundleFile[] = () => [];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: RecorderOptions, outside: RecorderOutside) {
    this.folder = options.folder;
    this.#options = options;
    this.#outside = outside;
  }

  /** `state`: the host as it is known now, the manifest among it. */
  begin(state: () => readonly BundleFile[]): void {
    this.#state = state;
    this.#try(() => {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      this.#older = bundlesIn(this.folder);
      this.#start();
    });
    this.#timer = setInterval(() => this.#try(() => this.#flush()), FLUSH);
    this.#timer.unref();
  }

  onFrame(point: CapturePoint, frame: Frame): void {
    this.#try(() => {
      const bundle = this.#roomy();
      const capture = bundle.captures.get(nameOf(point)) ?? this.#open(bundle, point, frame.linkType);
      const bytes = frame.bytes.subarray(0, Math.min(frame.captured, this.#options.snaplen));
      const { seconds, nanoseconds, length } = frame;
      capture.write({ seconds, nanoseconds, bytes, length });
      capture.packets++;
      capture.size += bytes.length;
      if (capture.size >= BLOCK) this.#put(bundle, capture);
    });
  }

  /** The host is another one: packets from now on are of another bundle. */
  onChange(): void {
    this.#try(() => {
      this.#finish();
      this.#start();
    });
  }

  end(): void {
    clearInterval(this.#timer);
    this.#try(() => this.#finish());
    this.#isOver = true;
  }

  /** The bundle that goes on, or the next one. */
  #roomy(): Bundle {
    const bundle = this.#bundle ?? this.#start();
    const isLong = this.#outside.now() - bundle.begun > LONGEST;
    if (!isLong && bundle.bytes < this.#options.limit * SHARE) return bundle;
    this.#finish();
    return this.#start();
  }

  #start(): Bundle {
    const begun = this.#outside.now();
    const files = this.#state();
    const manifest = JSON.parse(
      String(Buffer.from(files.find(({ name }) => name === MANIFEST)?.bytes ?? [])),
    );
    const name = freeName(this.folder, begun);
    const bundle: Bundle = { name, begun, manifest, captures: new Map(), bytes: 0 };
    mkdirSync(join(this.folder, name), { mode: 0o700 });
    for (const file of files) if (file.name !== MANIFEST) this.#write(join(name, file.name), file.bytes);
    this.#bundle = bundle;
    this.count++;
    this.#tell(bundle);
    return bundle;
  }

  #open(bundle: Bundle, point: CapturePoint, linkType: number): Capture {
    const { namespace, device } = point;
    const path = `captures/${namespace.name}/${device.replaceAll('/', '_')}.pcap`;
    const target = join(this.folder, bundle.name, path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    const waiting: Uint8Array[] = [];
    const capture: Capture = {
      file: { path, namespace: namespace.name, interface: device },
      descriptor: openSync(target, 'wx', 0o600),
      waiting,
      // Its header waits there already when it is made.
      write: pcapWriter((block) => waiting.push(block), {
        linkType,
        nanoseconds: true,
        snaplen: this.#options.snaplen,
      }),
      size: 0,
      packets: 0,
    };
    bundle.captures.set(nameOf(point), capture);
    this.#tell(bundle);
    return capture;
  }

  /** The manifest, whole at any time. */
  #tell({ name, manifest, captures }: Bundle): void {
    const files = [...captures.values()].map(({ file, packets }) => ({ ...file, packets }));
    const path = join(this.folder, name, MANIFEST);
    const text = JSON.stringify({ ...manifest, files: [...manifest.files, ...files] });
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  #write(path: string, bytes: Uint8Array): void {
    const target = join(this.folder, path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    writeFileSync(target, bytes, { mode: 0o600, flag: 'wx' });
  }

  #flush(): void {
    const bundle = this.#bundle;
    if (!bundle) return;
    for (const capture of bundle.captures.values()) this.#put(bundle, capture);
  }

  #put(bundle: Bundle, capture: Capture): void {
    if (capture.waiting.length === 0) return;
    const bytes = Buffer.concat(capture.waiting);
    capture.waiting.length = 0;
    capture.size = 0;
    for (let at = 0; at < bytes.length; ) at += writeSync(capture.descriptor, bytes, at);
    bundle.bytes += bytes.length;
    this.#makeRoom(bundle);
  }

  #makeRoom({ bytes }: Bundle): void {
    let all = this.#older.reduce((sum, each) => sum + each.bytes, bytes);
    while (all > this.#options.limit) {
      const oldest = this.#older.shift();
      if (!oldest) return;
      rmSync(join(this.folder, oldest.name), { recursive: true, force: true });
      all -= oldest.bytes;
    }
  }

  #finish(): void {
    const bundle = this.#bundle;
    if (!bundle) return;
    this.#flush();
    this.#bundle = undefined;
    for (const { descriptor } of bundle.captures.values()) closeSync(descriptor);
    if (bundle.captures.size === 0) {
      // A host that changes again before a packet comes has one bundle, of its last state.
      rmSync(join(this.folder, bundle.name), { recursive: true, force: true });
      this.count--;
      return;
    }
    this.#tell(bundle);
    this.#older.push({ name: bundle.name, bytes: bundle.bytes });
  }

  /** Whatever fails there: what was written stays, the screen goes on. */
  #try(act: () => void): void {
    if (this.#isOver) return;
    try {
      act();
    } catch (error) {
      this.#isOver = true;
      clearInterval(this.#timer);
      const reason = error instanceof Error ? error.message : String(error);
      this.#outside.onWarning(`nothing is written to ${this.folder} any more: ${reason}`);
    }
  }
}

const MANIFEST = 'manifest.json';

function freeName(folder: string, time: number): string {
  const name = new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name}-${number}`;
    if (!existsSync(join(folder, free))) return free;
  }
}

/** Bundles of earlier runs, oldest first. */
function bundlesIn(folder: string): { readonly name: string; readonly bytes: number }[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && NAME.test(entry.name))
    .filter(({ name }) => existsSync(join(folder, name, MANIFEST)))
    .map(({ name }) => ({ name, bytes: bytesIn(join(folder, name)) }))
    .toSorted((left, right) => left.name.localeCompare(right.name, 'en', { numeric: true }));
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.pcap'))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Why packets can't be written there; undefined when they can. Nobody else may have a hand in it. */
export function recorderFault(folder: string): string | undefined {
  const parent = dirname(resolve(folder));
  if (!existsSync(parent)) return `there is no folder ${parent}`;
  let stat: ReturnType<typeof lstatSync>;
  try {
    stat = lstatSync(folder);
  } catch {
    return undefined;
  }
  if (stat.isSymbolicLink()) return 'it is a link; name the folder itself';
  if (!stat.isDirectory()) return 'it is no folder';
  if (process.getuid?.() !== undefined && stat.uid !== process.getuid()) return 'it is somebody else’s';
  if ((stat.mode & 0o022) !== 0) return 'others can write to it';
  const strangers = readdirSync(folder).filter((name) => !NAME.test(name));
  return strangers.length === 0 ? undefined : `there is something else in it: ${strangers[0]}`;
}
