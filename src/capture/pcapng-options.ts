/** Options of pcapng blocks as they stand in a file, for those who write them again: draft-ietf-opsawg-pcapng sections 3.5, 4.2 and 4.3. */
import { viewOf } from '../base/bytes.ts';
import { walkOptions } from './pcapng-blocks.ts';

/** Its value as a section of little-endian byte order has it. */
export interface PcapngOption {
  readonly code: number;
  readonly value: Uint8Array;
}

type Numbers = readonly (readonly [offset: number, bytes: 2 | 4 | 8])[];

const CUSTOM: readonly number[] = [2988, 2989, 19372, 19373];
/** opt_custom begins with the enterprise's number. What is behind it is only known to that. */
const ENTERPRISE: Numbers = [[0, 4]];
/** epb_flags, epb_dropcount, epb_packetid, epb_queue; epb_verdict of eBPF programs behind its type. */
const OF_PACKET: Readonly<Record<number, Numbers>> = {
  2: [[0, 4]],
  4: [[0, 8]],
  5: [[0, 8]],
  6: [[0, 4]],
  7: [[1, 8]],
};
/** if_speed, if_tzone, if_tsoffset, if_txspeed, if_rxspeed. */
const OF_INTERFACE: Readonly<Record<number, Numbers>> = {
  8: [[0, 8]],
  10: [[0, 4]],
  14: [[0, 8]],
  16: [[0, 8]],
  17: [[0, 8]],
};
const IF_FILTER = 11;

/** The options between `start` and `end`; copies. */
export function readOptions(
  view: DataView,
  little: boolean,
  start: number,
  end: number,
  of: 'packet' | 'interface',
): PcapngOption[] {
  const options: PcapngOption[] = [];
  walkOptions(view, little, start, end, (code, at, length) => {
    const value = new Uint8Array(view.buffer, view.byteOffset + at, length).slice();
    if (!little) turn(value, numbersOf(code, value, of));
    options.push({ code, value });
  });
  return options;
}

function numbersOf(code: number, value: Uint8Array, of: 'packet' | 'interface'): Numbers {
  if (CUSTOM.includes(code)) return ENTERPRISE;
  if (of === 'packet') return OF_PACKET[code] ?? [];
  if (code === IF_FILTER && value[0] === 1) return program(value.length);
  return OF_INTERFACE[code] ?? [];
}

/** if_filter as a BPF program: a 1, then instructions of a code (2 bytes), two jumps and a number (4 bytes). */
function program(length: number): Numbers {
  return Array.from({ length: Math.floor((length - 1) / 8) }, (_, index): Numbers => {
    const at = 1 + 8 * index;
    return [
      [at, 2],
      [at + 4, 4],
    ];
  }).flat();
}

function turn(value: Uint8Array, numbers: Numbers): void {
  const view = viewOf(value);
  for (const [at, bytes] of numbers) {
    if (at + bytes > value.length) continue;
    if (bytes === 2) view.setUint16(at, view.getUint16(at), true);
    else if (bytes === 4) view.setUint32(at, view.getUint32(at), true);
    else view.setBigUint64(at, view.getBigUint64(at), true);
  }
}
