import type { Frame } from '../../capture/frame.ts';
import { Counter } from '../../packet/plain/counter.ts';
import { MOST_DIGITS, writeFraction } from '../../packet/plain/digits.ts';
import { Literal } from '../../packet/plain/literal.ts';
import { PlainPacket } from '../../packet/plain/packet.ts';
import { MOST_SUMMARY, writeSummary } from '../../packet/plain/summary.ts';
import { clockText } from './packet-line.ts';

const GAP = 0x2020;
const NEWLINE = 0x0a;

/** `packetText` of plain packets with a line break, as bytes. */
export class PacketBytes {
  /** Room that a line needs at most. */
  static readonly most = MOST_DIGITS + 24 + MOST_SUMMARY;

  private readonly packet = new PlainPacket();
  private readonly number = new Counter();
  /** The second that was written last, and its text: `  10:00:02.` */
  private second = Number.NaN;
  private clock = new Literal('');

  /** Writes the line at `at` and gives the offset behind it; -1 when the packet is not plain. */
  write(out: DataView, at: number, frame: Frame): number {
    if (!this.packet.read(frame)) return -1;
    if (frame.seconds !== this.second) {
      this.second = frame.seconds;
      this.clock = new Literal(`  ${clockText(frame.seconds, 0).slice(0, 9)}`);
    }
    let next = this.clock.write(out, this.number.write(out, at, frame.number));
    next = writeFraction(out, next, frame.nanoseconds);
    out.setUint16(next, GAP);
    next = writeSummary(out, next + 2, this.packet);
    if (next < 0) return -1;
    out.setUint8(next, NEWLINE);
    return next + 1;
  }
}
