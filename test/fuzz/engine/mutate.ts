/** Inputs that are nearly what another input is: bytes changed in place, pieces moved, words put in. */
import type { Random } from './random.ts';

export interface Material {
  /** Words that the reader knows. */
  readonly words: readonly Uint8Array[];
  /** Inputs to take pieces of. */
  readonly others: readonly Uint8Array[];
  /** Lines and words are moved as well. */
  readonly isText: boolean;
  /** In bytes; what gets longer is cut. */
  readonly longest: number;
}

type Change = (bytes: Uint8Array, random: Random, material: Material) => Uint8Array;

/** Around the limits of every width. */
const EDGES = [0, 1, 2, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 1023, 1500, 4096, 32767]
  .concat([32768, 65535, 65536, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])
  .flatMap((edge) => [edge, -edge]);
const NUMBERS = [...EDGES.map(String), '1e309', '0x', '0xffffffffffffffff', '99999999999999999999', '-', '٣'];
/** What breaks lines, words, terminals and encodings. */
const HOSTILE = [
  '\0',
  '\r',
  '\n',
  '\t',
  ' ',
  '"',
  "'",
  '\\',
  '\x1b[31m',
  '\u202e',
  '\u2028',
  'é',
  '\ufeff',
  '{',
  '}',
  '[',
]
  .concat([
    ']',
    ':',
    ',',
    '=',
    '/',
    '!',
    '#',
    '$(x)',
    '`',
    '<',
    '&',
    '%',
    '__proto__',
    'toString',
    'valueOf',
    'constructor',
  ])
  .map((text) => new Uint8Array(Buffer.from(text)))
  .concat([Uint8Array.of(0xff), Uint8Array.of(0xed, 0xa0, 0x80), Uint8Array.of(0xc0, 0x80)]);

const BYTES: readonly Change[] = [
  (bytes, random) => altered(bytes, random, (copy, at) => (copy[at] as number) ^ (1 << random.below(8))),
  (bytes, random) => altered(bytes, random, () => random.below(256)),
  (bytes, random) => altered(bytes, random, (copy, at) => (copy[at] as number) + random.below(71) - 35),
  (bytes, random) => withNumber(bytes, random, random.of(EDGES)),
  (bytes, random) => withNumber(bytes, random, bytes.length - random.below(64)),
  (bytes, random) => cut(bytes, ...range(bytes, random)),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => put(bytes, random.below(bytes.length + 1), bytes.subarray(...range(bytes, random))),
  (bytes, random) => overlaid(bytes, random.below(bytes.length + 1), bytes.subarray(...range(bytes, random))),
  (bytes, random) => put(bytes, random.below(bytes.length + 1), noise(random)),
  (bytes, random, { words }) => put(bytes, random.below(bytes.length + 1), word(words, random)),
  (bytes, random, { words }) => overlaid(bytes, random.below(bytes.length + 1), word(words, random)),
  (bytes, random, { others }) => spliced(bytes, random.of(others), random),
];

const TEXTS: readonly Change[] = [
  (bytes, random) => put(bytes, random.below(bytes.length + 1), random.of(HOSTILE)),
  onWords((words, random) => void words.splice(random.below(words.length), 1)),
  onWords((words, random) => void words.splice(random.below(words.length), 0, random.of(words))),
  onWords((words, random, { words: known }) => {
    words[random.below(words.length)] = Buffer.from(word(known, random)).toString('latin1');
  }),
  onWords((words, random, { others }) => {
    words[random.below(words.length)] = random.of(wordsOf(random.of(others)));
  }),
  onNumbers,
  onLines((lines, random) => void lines.splice(random.below(lines.length), 1 + random.below(3))),
  onLines((lines, random) => void lines.splice(random.below(lines.length), 0, random.of(lines))),
  onLines((lines, random, { others }) => {
    const other = Buffer.from(random.of(others)).toString('latin1').split('\n');
    lines.splice(random.below(lines.length + 1), 0, random.of(other));
  }),
];

/** One input, some steps away from `bytes`, which stay as they are. */
export function mutated(bytes: Uint8Array, random: Random, material: Material): Uint8Array {
  const changes = material.isText ? [...BYTES, ...TEXTS, ...TEXTS] : BYTES;
  let result = bytes;
  for (let left = 1 << random.below(5); left > 0; left--) {
    if (result.length === 0) result = put(result, 0, word(material.words, random));
    else result = random.of(changes)(result, random, material);
  }
  return result.slice(0, material.longest);
}

function altered(
  bytes: Uint8Array,
  random: Random,
  value: (copy: Uint8Array, at: number) => number,
): Uint8Array {
  const copy = bytes.slice();
  const at = random.below(copy.length);
  copy[at] = value(copy, at);
  return copy;
}

/** A number over 1, 2 or 4 bytes, in either order. */
function withNumber(bytes: Uint8Array, random: Random, value: number): Uint8Array {
  const width = 1 << random.below(3);
  const copy = bytes.slice();
  const at = random.below(copy.length);
  const big = random.isOneIn(2);
  for (let i = 0; i < width && at + i < copy.length; i++)
    copy[at + i] = Math.floor(value / 2 ** (8 * (big ? width - 1 - i : i))) & 255;
  return copy;
}

/** Mostly a few bytes, sometimes anything up to the whole. */
function range(bytes: Uint8Array, random: Random): [from: number, to: number] {
  const from = random.below(bytes.length);
  const most = random.isOneIn(4) ? bytes.length - from : Math.min(bytes.length - from, 16);
  return [from, from + 1 + random.below(most)];
}

function noise(random: Random): Uint8Array {
  const same = random.isOneIn(3) ? random.below(256) : undefined;
  return Uint8Array.from({ length: 1 + random.below(12) }, () => same ?? random.below(256));
}

function word(words: readonly Uint8Array[], random: Random): Uint8Array {
  return words.length === 0 ? noise(random) : random.of(words);
}

function cut(bytes: Uint8Array, from: number, to: number): Uint8Array {
  return joined(bytes.subarray(0, from), bytes.subarray(to));
}

function put(bytes: Uint8Array, at: number, piece: Uint8Array): Uint8Array {
  return joined(bytes.subarray(0, at), piece, bytes.subarray(at));
}

function overlaid(bytes: Uint8Array, at: number, piece: Uint8Array): Uint8Array {
  return joined(bytes.subarray(0, at), piece, bytes.subarray(at + piece.length));
}

function spliced(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  return joined(
    bytes.subarray(0, random.below(bytes.length + 1)),
    other.subarray(random.below(other.length + 1)),
  );
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Latin-1 keeps every byte as it is. */
function wordsOf(bytes: Uint8Array): string[] {
  return Buffer.from(bytes).toString('latin1').split(/(\s+)/);
}

function onWords(change: (words: string[], random: Random, material: Material) => void): Change {
  return (bytes, random, material) => {
    const words = wordsOf(bytes);
    change(words, random, material);
    return new Uint8Array(Buffer.from(words.join(''), 'latin1'));
  };
}

function onLines(change: (lines: string[], random: Random, material: Material) => void): Change {
  return (bytes, random, material) => {
    const lines = Buffer.from(bytes).toString('latin1').split('\n');
    change(lines, random, material);
    return new Uint8Array(Buffer.from(lines.join('\n'), 'latin1'));
  };
}

function onNumbers(bytes: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  const found = [...text.matchAll(/\d+/g)];
  if (found.length === 0) return bytes;
  const { 0: digits, index } = random.of(found);
  const number = Buffer.from(random.of(NUMBERS)).toString('latin1');
  const rest = text.slice(index + digits.length);
  return new Uint8Array(Buffer.from(text.slice(0, index) + number + rest, 'latin1'));
}
