/** One run: a file of the corpus is damaged in one place, read, and held against what is read of it whole. */
import { gunzipSync, gzipSync, constants as zlib } from 'node:zlib';
import { Random } from '../fuzz/engine/random.ts';
import { type Whole, wholeBundle } from './bundle.ts';
import { bytesOf, type Corpus, LONG, type Sample } from './corpus.ts';
import { damageElement, type Element, elementsOf, without } from './elements.ts';
import { damageCapture, type Piece, piecesOf } from './packets.ts';
import { type Packet, type Reading, readFile } from './reading.ts';
import { type Found, missing } from './records.ts';
import {
  damageLine,
  declared,
  extent,
  goesOn,
  isPlaced,
  joined,
  naming,
  partStart,
  wantedOf,
} from './text.ts';

export type Kind = 'line' | 'JSON' | 'capture' | 'gzip' | 'bundle';

export interface Outcome {
  readonly kind: Kind;
  readonly path: string;
  readonly how: string;
  /** Records that had to be there. */
  readonly held: number;
  readonly lost: readonly string[];
  /** What it threw. */
  readonly thrown?: string;
  /** The damaged file. */
  readonly bytes: Uint8Array;
}

/** A file, and what is read of it whole. */
interface Known {
  readonly sample: Sample;
  readonly bytes: Uint8Array;
  readonly reading: Reading;
  readonly pieces: readonly Piece[] | undefined;
  readonly text: string;
  readonly elements: readonly Element[] | undefined;
}

const BUNDLE_ONE_IN = 25;
const LONG_ONE_IN = 40;
const MOST_KNOWN = 300;

export class Runs {
  readonly #corpus: Corpus;
  readonly #seed: number;
  readonly #known = new Map<string, Known>();
  readonly #bundles = new Map<string, Whole>();

  constructor(corpus: Corpus, seed: number) {
    this.#corpus = corpus;
    this.#seed = seed;
  }

  /** The run of that number, which is the same whatever ran before it. */
  async run(number: number): Promise<Outcome> {
    const random = new Random(Math.imul(this.#seed + 1, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
    const { groups, bundles } = this.#corpus;
    if (bundles.length > 0 && random.isOneIn(BUNDLE_ONE_IN)) {
      const folder = random.of(bundles);
      const whole = await kept(this.#bundles, folder, 8, () => wholeBundle(folder));
      return await this.#inBundle(whole, random);
    }
    for (;;) {
      const sample = random.of(random.of(groups));
      const isLongOne = random.isOneIn(LONG_ONE_IN);
      const known = await kept(this.#known, sample.path, MOST_KNOWN, () => knownOf(sample));
      if (known.bytes.length > LONG && !isLongOne) continue;
      const { records, packets } = known.reading;
      if (records.length > 0) return await this.#ofText(known, random);
      if (packets.length > 0 && known.pieces) return await this.#ofCapture(known, known.pieces, random);
    }
  }

  async #ofText(known: Known, random: Random): Promise<Outcome> {
    if (random.isOneIn(15)) return await packed(known, random);
    const { sample, text, elements, reading } = known;
    if (elements !== undefined && elements.length > 0) {
      const element = random.of(elements);
      const isCut = random.isOneIn(8);
      const cut = element.start + random.below(element.end - element.start);
      const damaged = isCut
        ? { text: text.slice(0, cut), how: `the file ends at ${cut}` }
        : damageElement(text, element, random);
      const others = isCut ? `${text.slice(0, element.from)}${closed(text)}` : without(text, element);
      const expected = await readFile(sample.name, bytesIn(others));
      const wanted = apartFrom(reading, expected);
      const how = `record at ${element.start}: ${damaged.how}`;
      return await held(known, 'JSON', how, bytesIn(damaged.text), { records: wanted });
    }
    const damaged = damageLine(text, random);
    const lines = text.split('\n');
    const last = extent(lines, damaged);
    const names = [declared(lines, damaged.first)];
    if (goesOn(lines, damaged)) names.push(declared(lines, damaged.first + 1));
    const isJoined = joined(lines, damaged);
    const records = wantedOf(reading.records, partStart(lines, damaged), last)
      .filter((found) => !isJoined(found))
      .filter((found) => !names.some((name) => name !== undefined && naming(found, name)))
      .filter((found) => !isPlaced(found, damaged.first))
      // What isn't understood may be, once another line says no more what its addresses are.
      .filter(({ text }) => !text.includes('"unparsed":'))
      // Which chains there are behind a cut isn't known.
      .filter((found) => damaged.first === damaged.last || !isJump(found.text))
      .map((found) => found.text);
    const how = `line ${damaged.first}: ${damaged.how}`;
    return await held(known, 'line', how, bytesIn(damaged.text), { records });
  }

  async #ofCapture(known: Known, pieces: readonly Piece[], random: Random): Promise<Outcome> {
    if (random.isOneIn(15)) return await packed(known, random);
    const { packets } = known.reading;
    const { bytes, how, from, to, isTimeless } = damageCapture(known.bytes, pieces, random);
    const behind = packets.slice(to).map((packet) => (isTimeless ? timeless(packet) : packet));
    return await held(known, 'capture', how, bytes, { packets: [...packets.slice(0, from), ...behind] });
  }

  async #inBundle(whole: Whole, random: Random): Promise<Outcome> {
    const at = random.below(whole.files.length);
    const { name, bytes } = whole.files[at] as Whole['files'][number];
    const { damaged, how } = anywhere(bytes, random);
    const what = { kind: 'bundle', path: `${whole.folder}/${name}`, how, bytes: damaged } as const;
    try {
      const after = await whole.read(name, damaged);
      const before = whole.rows.filter((row) => row.name !== name).map(({ text }) => text);
      return { ...what, held: before.length, lost: missing(before, after) };
    } catch (error) {
      return { ...what, held: 0, lost: [], thrown: (error as Error).stack ?? String(error) };
    }
  }
}

/** A file of a bundle needs no more than to be another one. */
function anywhere(bytes: Uint8Array, random: Random): { damaged: Uint8Array; how: string } {
  const pieces = piecesOf(bytes);
  if (pieces && pieces.length > 0) {
    const { bytes: damaged, how } = damageCapture(bytes, pieces, random);
    return { damaged, how };
  }
  const text = Buffer.from(bytes).toString('latin1');
  const { text: damaged, how, first } = damageLine(text, random);
  return { damaged: bytesIn(damaged), how: `line ${first}: ${how}` };
}

async function knownOf(sample: Sample): Promise<Known> {
  let bytes = bytesOf(sample.path);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = new Uint8Array(gunzipSync(bytes));
  const text = Buffer.from(bytes).toString('latin1');
  const pieces = piecesOf(bytes);
  const reading = await readFile(sample.name, bytes);
  const isWhole = pieces?.filter(({ kind }) => kind === 'packet').length === reading.packets.length;
  const elements = !pieces && isJson(text) ? elementsOf(text) : undefined;
  return { sample, bytes, reading, text, elements, pieces: isWhole ? pieces : undefined };
}

/** As gzip packs it, cut at a byte: what zlib itself gets out of it before the cut was there to be read. */
async function packed(known: Known, random: Random): Promise<Outcome> {
  const { bytes, pieces, text, elements, reading } = known;
  const whole = gzipSync(bytes);
  const cut = 18 + random.below(Math.max(1, whole.length - 18));
  const damaged = new Uint8Array(whole.subarray(0, cut));
  const there = gunzipSync(damaged, { finishFlush: zlib.Z_SYNC_FLUSH }).length;
  const how = `gzip of it ends at byte ${cut}, unpacked at ${there}`;
  if (pieces) {
    const ends = pieces.filter(({ kind }) => kind === 'packet').map(({ end }) => end);
    const packets = reading.packets.slice(0, ends.filter((end) => end <= there).length);
    return await held(known, 'gzip', how, damaged, { packets });
  }
  if (elements) {
    const element = elements.find(({ end }) => end > there);
    const others = element ? `${text.slice(0, element.from)}${closed(text)}` : text;
    const expected = await readFile(known.sample.name, bytesIn(others));
    return await held(known, 'gzip', how, damaged, { records: apartFrom(reading, expected) });
  }
  const lines = text.slice(0, there).split('\n').length;
  const records = wantedOf(reading.records, lines, Infinity)
    .map((found) => found.text)
    .filter((found) => !isJump(found));
  return await held(known, 'gzip', how, damaged, { records });
}

async function held(
  { sample, reading }: Known,
  kind: Kind,
  how: string,
  bytes: Uint8Array,
  wanted: { readonly records?: readonly string[]; readonly packets?: readonly Packet[] },
): Promise<Outcome> {
  const { records = [], packets = [] } = wanted;
  const what = { kind, path: sample.path, how, held: records.length + packets.length, bytes };
  try {
    const read = await readFile(sample.name, bytes);
    const lost = missing(records.map(unnumbered), textsOf(read).map(unnumbered));
    const skipped = packetsLost(packets, read.packets).map(
      (packet) => `packet ${reading.packets.indexOf(packet) + 1} at ${packet.time}`,
    );
    if (read.counted !== read.packets.length)
      skipped.push(`${read.counted} packets are counted, ${read.packets.length} read`);
    const note = lost.length > 0 ? [`read as ${read.forms.join(', ') || 'nothing'}`] : [];
    return { ...what, lost: [...lost, ...note, ...skipped] };
  } catch (error) {
    return { ...what, lost: [], thrown: (error as Error).stack ?? String(error) };
  }
}

/** Those of `wanted` that aren't among what was read, in order. */
function packetsLost(wanted: readonly Packet[], read: readonly Packet[]): Packet[] {
  let at = 0;
  return wanted.filter((packet) => {
    for (let next = at; next < read.length; next++) {
      const { time, bytes } = read[next] as Packet;
      if (bytes !== packet.bytes || (packet.time !== '' && time !== packet.time)) continue;
      at = next + 1;
      return false;
    }
    return true;
  });
}

function timeless(packet: Packet): Packet {
  return { ...packet, time: '' };
}

/** What is read without an element as well, and isn't around what is not: a chain and a table have fields that tell of their rules. */
function apartFrom(whole: Reading, without: Reading): string[] {
  const gone = missing(textsOf(whole), textsOf(without));
  const lost = new Set(gone);
  const around = new Set<Found>();
  for (const found of whole.records) {
    if (!lost.has(found.text)) continue;
    for (let one = found.around; one; one = one.around) around.add(one);
  }
  return missing(
    whole.records.filter((found) => !around.has(found)).map(({ text }) => text),
    gone,
  );
}

function isJump(text: string): boolean {
  return /"kind":"(?:jump|goto)"/.test(text);
}

/** Chains without a name are numbered by us. */
function unnumbered(text: string): string {
  return text.replace(/"__chain\d+"/g, '"__chain"');
}

function textsOf({ records }: Reading): string[] {
  return records.map(({ text }) => text);
}

/** The brackets that end a JSON text behind its list. */
function closed(text: string): string {
  return /^\s*\{/.test(text) ? ']}' : ']';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function bytesIn(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** What was made before under that name; the oldest is forgotten where there are too many. */
async function kept<T>(
  known: Map<string, T>,
  name: string,
  most: number,
  make: () => Promise<T>,
): Promise<T> {
  const there = known.get(name);
  if (there !== undefined) return there;
  const made = await make();
  if (known.size >= most) known.delete(known.keys().next().value as string);
  known.set(name, made);
  return made;
}
