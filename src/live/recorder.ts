/** All that is captured, on disk: a folder of bundles, each with the packets that met one state of the host (`live --write`). */
import {
  closeSync,
  existsSync,
  ftruncateSync,
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

/** Milliseconds after which a bundle is followed by the next whatever happens; how often what came is written. */
const LONGEST = 600_000;
const FLUSH = 250;
/** Milliseconds that a packet waits: until then it may be told that the host had changed before it came. Bytes that may wait. */
const HELD = 500;
const MOST_HELD = 4 << 20;
/** Of the limit a bundle has so much at most: what goes has to be little of what there is. */
const SHARE = 1 / 8;
/** `20261129T140211Z` */
const NAME = /^\d{8}T\d{6}Z(-\d+)?$/;

interface Held {
  readonly point: CapturePoint;
  readonly linkType: number;
  readonly packet: WrittenPacket;
}

interface Capture {
  readonly file: CollectedFile;
  readonly descriptor: number;
  readonly add: (packet: WrittenPacket) => void;
  /** What is to be written with the next turn. */
  readonly blocks: Uint8Array[];
  packets: number;
  /** Bytes that are in the file: whole packets. */
  written: number;
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
  #held: Held[] = [];
  #heldBytes = 0;
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
    this.#timer = setInterval(() => this.#try(() => this.#drain(this.#outside.now() - HELD)), FLUSH);
    this.#timer.unref();
  }

  onFrame(point: CapturePoint, frame: Frame): void {
    if (this.#isOver) return;
    const { seconds, nanoseconds, length, linkType } = frame;
    const bytes = frame.bytes.slice(0, Math.min(frame.captured, this.#options.snaplen));
    this.#held.push({ point, linkType, packet: { seconds, nanoseconds, bytes, length } });
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > MOST_HELD) this.#try(() => this.#drain(Number.POSITIVE_INFINITY));
  }

  /** The host is another one since `at` (epoch milliseconds): packets from then on are of another bundle. */
  onChange(at: number): void {
    this.#try(() => {
      this.#drain(at);
      this.#finish();
      this.#start();
    });
  }

  end(): void {
    clearInterval(this.#timer);
    this.#try(() => {
      this.#drain(Number.POSITIVE_INFINITY);
      this.#finish();
    });
    this.#isOver = true;
  }

  /** Writes the packets from before a time (epoch milliseconds). */
  #drain(until: number): void {
    const isDue = ({ packet }: Held): boolean => packet.seconds * 1000 + packet.nanoseconds / 1e6 < until;
    const due = this.#held.filter(isDue);
    if (due.length === 0) return;
    this.#held = due.length === this.#held.length ? [] : this.#held.filter((held) => !isDue(held));
    this.#heldBytes = this.#held.reduce((sum, { packet }) => sum + packet.bytes.length, 0);
    const bundle = this.#roomy();
    for (const { point, linkType, packet } of due) {
      const capture = bundle.captures.get(nameOf(point)) ?? this.#open(bundle, point, linkType);
      capture.add(packet);
      capture.packets++;
    }
    for (const capture of bundle.captures.values()) this.#put(bundle, capture);
    this.#makeRoom(bundle);
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
    const blocks: Uint8Array[] = [];
    const { snaplen } = this.#options;
    const capture: Capture = {
      file: { path, namespace: namespace.name, interface: device },
      descriptor: openSync(target, 'wx', 0o600),
      blocks,
      add: pcapWriter((block) => blocks.push(block), { linkType, nanoseconds: true, snaplen }),
      packets: 0,
      written: 0,
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
    writeFileSync(`${path}.new`, text, { mode: 0o600, flag: 'wx' });
    renameSync(`${path}.new`, path);
  }

  #write(path: string, bytes: Uint8Array): void {
    const target = join(this.folder, path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    writeFileSync(target, bytes, { mode: 0o600, flag: 'wx' });
  }

  /** Whole packets: where there is no room for all, those that fit. */
  #put(bundle: Bundle, capture: Capture): void {
    const { blocks, descriptor } = capture;
    if (blocks.length === 0) return;
    const ends: number[] = [];
    for (const { length } of blocks) ends.push((ends.at(-1) ?? 0) + length);
    const bytes = Buffer.concat(blocks);
    blocks.length = 0;
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(descriptor, bytes, at);
    } catch (error) {
      ftruncateSync(descriptor, capture.written + (ends.findLast((end) => end <= at) ?? 0));
      throw error;
    }
    capture.written += bytes.length;
    bundle.bytes += bytes.length;
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
