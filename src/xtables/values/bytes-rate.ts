/** Byte rates of hashlimit: `512kb/s`. The kernel counts in units of 16 bytes; bytes_to_cost() makes one more of them than there are. */
import { wordTable } from '../../base/word-table.ts';

const UNIT_SHIFT = 4;
const MAX_U32 = 0xffffffff;
const SUFFIXES = wordTable<number>({ '': 1, k: 1024, m: 1024 * 1024 });

/** `5kb`, `1mb`, `200b`, `200`. */
export function readBytes(text: string): number | undefined {
  const found = /^(\d{1,10})([km]?)b?$/i.exec(text);
  const bytes = found ? Number(found[1]) * (SUFFIXES[(found[2] ?? '').toLowerCase()] ?? 1) : 0;
  return bytes > 0 && bytes <= MAX_U32 ? bytes : undefined;
}

/** `5kb/s`; undefined when it isn't a byte rate. */
export function readByteRate(text: string): number | undefined {
  const found = /^(\d+[km]?b)\/(s|se|sec|seco|secon|second)$/i.exec(text);
  return found ? readBytes(found[1] ?? '') : undefined;
}

export function bytesToCost(bytes: number): number {
  const units = Math.floor(bytes / 2 ** UNIT_SHIFT);
  return Math.floor(MAX_U32 / (units + 1));
}

export function costToBytes(cost: number): number {
  return cost === 0 ? MAX_U32 : (Math.floor(MAX_U32 / cost) - 1) * 2 ** UNIT_SHIFT;
}

/** In the largest unit that divides it. */
export function formatByteRate(bytes: number): string {
  if (bytes % (1024 * 1024) === 0) return `${bytes / (1024 * 1024)}mb/s`;
  return bytes % 1024 === 0 ? `${bytes / 1024}kb/s` : `${bytes}b/s`;
}

/** In the largest unit that it reaches. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1024 * 1024) return `${Math.floor(bytes / (1024 * 1024))}mb`;
  return bytes >= 1024 ? `${Math.floor(bytes / 1024)}kb` : `${bytes}b`;
}
