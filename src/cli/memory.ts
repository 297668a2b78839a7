/** What `--max-memory` says. */
import { totalmem } from 'node:os';
import { printable } from '../base/printable.ts';
import { UsageError } from './io.ts';

const LEAST_MEMORY = 256 * 2 ** 20;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Bytes. Less than the program itself needs is asking for the impossible. */
export function parseMemory(text: string | undefined): number {
  if (text === undefined) return totalmem() / 4;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  const bytes =
    number === undefined ? Number.NaN : Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  if (!(bytes >= LEAST_MEMORY))
    throw new UsageError(
      `--max-memory ${printable(text)}: a size of at least ${LEAST_MEMORY / 2 ** 20}M is expected, as 512M or 4G`,
    );
  return bytes;
}
