/** Capture files made byte by byte, for what no writer of ours would write. */
import { viewOf } from '../../src/base/bytes.ts';
import type { Frame } from '../../src/capture/frame.ts';
import { CaptureReader } from '../../src/capture/scan.ts';
import type { CaptureSummary } from '../../src/capture/summary.ts';

export function concat(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function u16(value: number, little = true): number[] {
  const bytes = new Uint8Array(2);
  viewOf(bytes).setUint16(0, value, little);
  return [...bytes];
}

export function u32(value: number, little = true): number[] {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value, little);
  return [...bytes];
}

export function i64(value: bigint, little = true): number[] {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigInt64(0, value, little);
  return [...bytes];
}

function pad(bytes: readonly number[]): number[] {
  return [...bytes, ...new Array<number>((4 - (bytes.length % 4)) % 4).fill(0)];
}

export function option(code: number, value: readonly number[], little = true): number[] {
  return [...u16(code, little), ...u16(value.length, little), ...pad(value)];
}

export function text(value: string): number[] {
  return [...new TextEncoder().encode(value)];
}

export function block(type: number, body: readonly number[], little = true): number[] {
  const total = u32(12 + pad(body).length, little);
  return [...u32(type, little), ...total, ...pad(body), ...total];
}

export function sectionBlock(little = true, options: readonly number[] = [], version = [1, 0]): number[] {
  const [major = 1, minor = 0] = version;
  const fixed = [
    ...u32(0x1a2b3c4d, little),
    ...u16(major, little),
    ...u16(minor, little),
    ...i64(-1n, little),
  ];
  return block(0x0a0d0d0a, [...fixed, ...options], little);
}

export function interfaceBlock(
  linkType: number,
  options: readonly number[] = [],
  little = true,
  snaplen = 0,
): number[] {
  return block(1, [...u16(linkType, little), 0, 0, ...u32(snaplen, little), ...options], little);
}

export function enhancedBlock(
  index: number,
  stamp: bigint,
  data: readonly number[],
  little = true,
  length = data.length,
): number[] {
  const time = [...u32(Number(stamp >> 32n), little), ...u32(Number(stamp & 0xffffffffn), little)];
  const lengths = [...u32(data.length, little), ...u32(length, little)];
  return block(6, [...u32(index, little), ...time, ...lengths, ...data], little);
}

export interface Seen {
  readonly number: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly length: number;
  readonly linkType: number;
  readonly interfaceName: string | undefined;
  readonly bytes: string;
}

/** Reads a capture given in blocks of `size` bytes. */
export function readAll(bytes: Uint8Array, size = bytes.length): { seen: Seen[]; summary: CaptureSummary } {
  const seen: Seen[] = [];
  const reader = new CaptureReader((frame) => seen.push(keep(frame)));
  // One block that is used again, as a file source does: whoever holds on to it sees it change.
  const shared = new Uint8Array(Math.max(1, size));
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    shared.fill(0xee);
    shared.set(part);
    if (!reader.push(shared.subarray(0, part.length))) break;
  }
  return { seen, summary: reader.end() };
}

export function keep(frame: Frame): Seen {
  const { number, seconds, nanoseconds, length, linkType, interfaceName } = frame;
  const bytes = Buffer.from(frame.bytes).toString('hex');
  return { number, seconds, nanoseconds, length, linkType, interfaceName, bytes };
}
