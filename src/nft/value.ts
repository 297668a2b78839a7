/** Values as expressions give them: what stands in nft's registers. */
import type { Unknown } from '../base/ternary.ts';
import { DATATYPES } from './datatype.ts';
import type { KeyPart } from './set.ts';

/** A number of the expression's width, a name (interfaces, helpers), or the parts of a concatenation. */
export type Value = bigint | string | readonly Value[];

/** Undefined: the packet doesn't have it (NFT_BREAK): the rule doesn't match, whatever the comparison. */
export type Loaded = Value | Unknown | undefined;

export function isValue(loaded: Loaded): loaded is Value {
  return loaded !== undefined && (typeof loaded !== 'object' || Array.isArray(loaded));
}

/** Equal values have equal texts. */
export function keyText(value: Value): string {
  if (typeof value === 'bigint') return value.toString(16);
  return typeof value === 'string' ? `"${value}"` : value.map(keyText).join(' ');
}

export function maskOfBits(bits: number): bigint {
  return (1n << BigInt(bits)) - 1n;
}

/** Big-endian bytes of the packet as a number. */
export function readNumber(bytes: Uint8Array, offset: number, length: number): bigint {
  let value = 0n;
  for (let i = 0; i < length; i++) value = (value << 8n) | BigInt(bytes[offset + i] ?? 0);
  return value;
}

/** The value as it lies in the registers, each part filled up to four bytes: what jhash() reads. */
export function registerBytes(value: Value, parts: readonly KeyPart[]): Uint8Array {
  const values = Array.isArray(value) ? value : [value as bigint | string];
  const pieces = values.map((each, i) => partBytes(each, parts[i], values.length > 1));
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function partBytes(value: Value, part: KeyPart | undefined, padded: boolean): Uint8Array {
  const length = Math.ceil((part?.bits ?? 32) / 8);
  const bytes = new Uint8Array(padded ? Math.ceil(length / 4) * 4 : length);
  if (typeof value === 'string') {
    bytes.set(new TextEncoder().encode(value).subarray(0, length));
    return bytes;
  }
  let rest = typeof value === 'bigint' ? value : 0n;
  const host = part !== undefined && DATATYPES[part.type].order === 'host';
  for (let i = 0; i < length; i++) {
    bytes[host ? i : length - 1 - i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
