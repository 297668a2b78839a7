/** What must hold of a capture of any format, and packets to fill small ones with. */
import { frameOf } from '../../src/capture/frame.ts';
import { CaptureReader } from '../../src/capture/scan.ts';
import { readAll } from '../capture/blocks.ts';
import { CARRIERS } from '../packet/frames.ts';
import { holds, same } from './check.ts';
import { checkFrame } from './frames.ts';

/** Ethernet frames, a layer inside the other. */
export const FRAMES = CARRIERS.filter(([, linkType]) => linkType === 1).map(([, , bytes]) => bytes);

/** Read in one piece, in several, byte by byte, cut short, and counted only, it tells the same. */
export function checkCapture(bytes: Uint8Array): void {
  const whole = readAll(bytes);
  const place = placeIn(bytes);
  same('a capture read in pieces', readAll(bytes, place), whole);
  if (bytes.length < 600) same('a capture read byte by byte', readAll(bytes, 1), whole);
  const { seen: short, summary } = readAll(bytes.subarray(0, place));
  // What a damaged record is taken for depends on what is behind it.
  if (![...summary.issues, ...whole.summary.issues].some(({ code }) => DAMAGED.includes(code)))
    same('packets before the end of a capture that breaks off', short, whole.seen.slice(0, short.length));
  const counter = new CaptureReader(undefined);
  counter.push(bytes);
  same('a capture that is only counted', counter.end(), whole.summary);
  for (const one of whole.seen.slice(0, 10)) {
    const data = new Uint8Array(Buffer.from(one.bytes, 'hex'));
    holds(data.length <= bytes.length, 'a packet has no more bytes than its file');
    checkFrame(frameOf(data, { ...one, captured: data.length }));
  }
}

const DAMAGED: readonly string[] = [
  'pcap-record-too-long',
  'pcap-records-overlap',
  'pcapng-damaged',
  'limit-pcapng-block',
];

/** From 1 to its length; another for other bytes, the same for the same. */
function placeIn(bytes: Uint8Array): number {
  let sum = 7;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) >>> 0;
  return 1 + (sum % Math.max(1, bytes.length));
}
