/** Damage to one record or block of a capture file, and which of its packets that may cost. */
import type { Random } from '../fuzz/engine/random.ts';

/** A record of a file: its header, its packet's bytes, and what is behind them. */
export interface Piece {
  readonly kind: 'packet' | 'description' | 'section' | 'other';
  readonly start: number;
  readonly data: number;
  readonly dataEnd: number;
  readonly end: number;
}

export interface DamagedCapture {
  readonly bytes: Uint8Array;
  readonly how: string;
  /** Index of the first packet that may be lost, and of the first behind it that may not. */
  readonly from: number;
  readonly to: number;
  /** Times of packets may be lost too: how they are written was told by what is damaged. */
  readonly isTimeless?: boolean;
}

/** Undefined: a file that isn't whole, has records with lengths or times that no packet has, or is of a form with rules of its own. */
export function piecesOf(bytes: Uint8Array): Piece[] | undefined {
  if (bytes.length < 24) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.getUint32(0) === 0x0a0d0d0a ? blocksOf(view) : recordsOf(view);
}

/** Bytes of a packet; some files of parsers' tests say more. */
const MOST_WIRE = 100_000;

function recordsOf(view: DataView): Piece[] | undefined {
  const little = [0xd4c3b2a1, 0x4d3cb2a1].includes(view.getUint32(0));
  if (!little && ![0xa1b2c3d4, 0xa1b23c4d].includes(view.getUint32(0))) return undefined;
  const second = view.getUint32(0, little) === 0xa1b23c4d ? 1e9 : 1e6;
  if (view.getUint16(4, little) !== 2 || view.getUint16(6, little) !== 4) return undefined;
  const pieces: Piece[] = [];
  let at = 24;
  while (at + 16 <= view.byteLength) {
    const captured = view.getUint32(at + 8, little);
    // What says that it can't be shows no damage to it.
    if (captured === 0 || view.getUint32(at + 12, little) < captured) return undefined;
    if (view.getUint32(at + 12, little) > MOST_WIRE || view.getUint32(at + 4, little) >= second)
      return undefined;
    const end = at + 16 + captured;
    pieces.push({ kind: 'packet', start: at, data: at + 16, dataEnd: end, end });
    at = end;
  }
  return at === view.byteLength ? pieces : undefined;
}

const KINDS = new Map<number, Piece['kind']>([
  [1, 'description'],
  [2, 'packet'],
  [3, 'packet'],
  [6, 'packet'],
  [0x0a0d0d0a, 'section'],
]);

function blocksOf(view: DataView): Piece[] | undefined {
  const pieces: Piece[] = [];
  let little = true;
  let at = 0;
  while (at + 12 <= view.byteLength) {
    if (view.getUint32(at) === 0x0a0d0d0a) little = view.getUint32(at + 8) === 0x4d3c2b1a;
    const type = view.getUint32(at, little);
    const end = at + view.getUint32(at + 4, little);
    if (end < at + 12 || end > view.byteLength || view.getUint32(end - 4, little) !== end - at)
      return undefined;
    const kind = KINDS.get(type) ?? 'other';
    const data = Math.min(end - 4, at + (type === 3 ? 12 : kind === 'packet' ? 28 : 8));
    const captured = kind === 'packet' && type !== 3 ? view.getUint32(at + 20, little) : end - 4 - data;
    pieces.push({ kind, start: at, data, dataEnd: Math.min(end - 4, data + captured), end });
    at = end;
  }
  return at === view.byteLength ? pieces : undefined;
}

/** Packets that may be lost when lengths are damaged: the one it was done to, and two neighbours. */
const LOST = 3;

export function damageCapture(bytes: Uint8Array, pieces: readonly Piece[], random: Random): DamagedCapture {
  const at = random.below(pieces.length);
  const piece = pieces[at] as Piece;
  const packets = pieces.slice(0, at).filter(({ kind }) => kind === 'packet').length;
  const one = piece.kind === 'packet' ? 1 : 0;
  const near = { from: packets, to: packets + LOST, ...told(pieces, at) };
  const { start, data, dataEnd, end } = piece;
  const name = `${piece.kind} ${at} at byte ${start}`;
  switch (random.below(5)) {
    case 0: {
      const cut = start + random.below(end - start);
      return { bytes: bytes.slice(0, cut), how: `the file ends at byte ${cut}`, ...near, to: Infinity };
    }
    case 1: {
      const where = start + random.below(end - start);
      const many = 1 + random.below(random.isOneIn(3) ? end - where : 8);
      const gone = Math.min(many, end - where);
      return {
        bytes: Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + gone)]),
        how: `${name}: ${gone} bytes are missing from ${where - start} on`,
        ...near,
      };
    }
    case 2: {
      const where = start + random.below(end - start);
      const more = Uint8Array.from({ length: 1 + random.below(40) }, () => random.below(256));
      return {
        bytes: Buffer.concat([bytes.subarray(0, where), more, bytes.subarray(where)]),
        how: `${name}: ${more.length} bytes more at ${where - start}`,
        ...near,
      };
    }
    case 3:
      if (one === 1 && dataEnd > data) {
        const copy = flipped(bytes, data, dataEnd, random);
        return { ...copy, how: `${name}: ${copy.how} of its data`, from: packets, to: packets + 1 };
      }
  }
  // The last four bytes of a block are its length again.
  const copy =
    dataEnd < end && random.isOneIn(3)
      ? flipped(bytes, end - 4, end, random)
      : flipped(bytes, start, data, random);
  return { ...copy, how: `${name}: ${copy.how} of its header`, ...near };
}

/** What packets need of other blocks: without the description of an interface their times, without that of the section all. */
function told(pieces: readonly Piece[], at: number): Partial<DamagedCapture> {
  const kind = pieces[at]?.kind;
  if (kind === 'description') return { isTimeless: true };
  if (kind !== 'section') return {};
  const next = pieces.findIndex((piece, index) => index > at && piece.kind === 'section');
  const before = next < 0 ? pieces : pieces.slice(0, next);
  const to = next < 0 ? Infinity : before.filter((piece) => piece.kind === 'packet').length + LOST;
  return { to };
}

function flipped(
  bytes: Uint8Array,
  from: number,
  to: number,
  random: Random,
): { bytes: Uint8Array; how: string } {
  const copy = bytes.slice();
  const where: number[] = [];
  for (let left = 1 + random.below(4); left > 0; left--) {
    const at = from + random.below(to - from);
    copy[at] = random.isOneIn(2) ? random.below(256) : (copy[at] ?? 0) ^ (1 << random.below(8));
    where.push(at - from);
  }
  return { bytes: copy, how: `bytes ${where.join(', ')}` };
}
