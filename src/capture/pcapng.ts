/**
 * pcapng: draft-ietf-opsawg-pcapng. A file is sections, a section is blocks: type, total length, body, total length again,
 * in the byte order that the section's header block shows by its magic.
 */
import { formatBytes } from '../base/limits.ts';
import type { Chunk, Parser, ParserContext } from './parser.ts';
import { BLOCK, OPTION, ORDER_MAGIC, optionsEnd, walkOptions } from './pcapng-blocks.ts';
import { readDescription } from './pcapng-description.ts';
import { PcapngLimits } from './pcapng-limits.ts';
import { type PcapngOption, readOptions } from './pcapng-options.ts';
import { FRAME, findBlock } from './pcapng-search.ts';
import { type Clock, clockOf, MICROSECONDS, setTime } from './pcapng-time.ts';
import type { CaptureInterface } from './summary.ts';

/** An enhanced packet block without packet and options. */
const LEAST_ENHANCED = 32;
/** An interface description block without options; and what is looked through for those of a damaged one, which end with one of their own. */
const LEAST_DESCRIPTION = 20;
const MOST_REMAINS = 1 << 12;
/** Above it a stamp isn't exact as a double: 140 years, in nanoseconds 104 days. */
const EXACT_HIGH = 1 << 21;

interface SectionInterface {
  readonly clock: Clock;
  readonly info: CaptureInterface;
  /** In the summary's list; below 0 when that is full. */
  readonly index: number;
  /** Of what `count` went over since the last `settle`, in the clock's units; none when `last` is below 0. */
  first: number;
  last: number;
}

export class PcapngParser implements Parser {
  need = FRAME;
  done = false;
  private readonly context: ParserContext;
  private readonly limits: PcapngLimits;
  private little = false;
  /** By number; of one whose description is lost nothing is known. */
  private interfaces: (SectionInterface | undefined)[] = [];
  /** Where a block said what can't be, and what, if that has yet to be told; the next one that is whole is looked for. */
  private lost: { readonly offset: number; readonly text?: string } | undefined;
  /** Nothing comes behind what is there. */
  private isAll = false;
  /** Bytes of options that were asked for. */
  private kept = 0;
  /** Section headers and interface descriptions. */
  private descriptions = 0;
  /** Interfaces with stamps that `settle` has to look at: among 65,536 of them it must not look at all. */
  private stamped: SectionInterface[] = [];

  constructor(context: ParserContext) {
    this.context = context;
    this.limits = new PcapngLimits(context);
  }

  get described(): number | undefined {
    return this.lost ? undefined : this.descriptions;
  }

  parse(chunk: Chunk): void {
    this.context.frame.view = chunk.view;
    while (!this.done && this.next(chunk));
  }

  /** Enhanced packet blocks that nothing is wrong with are counted where they stand; of any other block `next` knows more. */
  count(chunk: Chunk): void {
    this.context.frame.view = chunk.view;
    do this.countEnhanced(chunk);
    while (!this.done && this.next(chunk));
  }

  /** What says that it is longer than what is left may be damaged, with whole blocks behind it. */
  finish(chunk: Chunk): void {
    this.context.frame.view = chunk.view;
    this.isAll = true;
    while (chunk.end - chunk.start >= FRAME) {
      while (this.next(chunk));
      if (this.done || chunk.end - chunk.start < FRAME) return;
      const { start } = chunk;
      const known = this.lost;
      if (!known) {
        this.lost = {
          offset: this.context.base + start,
          text: 'a block is longer than the rest of the file',
        };
        chunk.start++;
      }
      if (!this.isFound(chunk)) {
        this.lost = known;
        if (!known) chunk.start = start;
        return;
      }
      if (!known && chunk.view.getUint32(start, this.little) === BLOCK.interface)
        this.remains(chunk.view, start, chunk.start);
    }
  }

  end(rest: number): void {
    const count = this.context.summary.packets;
    if (this.lost) {
      if (this.lost.text === undefined) return;
      this.context.issues.add({
        severity: 'error',
        code: 'pcapng-damaged',
        text: `at byte ${this.lost.offset}, ${this.lost.text}: the file is damaged there, and nothing behind it is a whole block; the ${count} packets before were read`,
      });
      return;
    }
    if (rest === 0) return;
    this.context.issues.add({
      severity: 'warning',
      code: 'pcapng-truncated',
      text: `the file ends in the middle of a block; the ${count} packets before it were read`,
    });
  }

  /** One step at `chunk.start`; false when more has to be there first. */
  private next(chunk: Chunk): boolean {
    if (!this.isFound(chunk)) return false;
    const there = chunk.end - chunk.start;
    if (there < FRAME) {
      this.need = FRAME;
      return false;
    }
    return this.block(chunk, there);
  }

  private countEnhanced(chunk: Chunk): void {
    if (this.lost) return;
    const { view, end } = chunk;
    const { little, interfaces } = this;
    const most = this.limits.of.pcapngBlock;
    let at = chunk.start;
    let packets = 0;
    let bytes = 0;
    let capturedBytes = 0;
    let cut = 0;
    while (at + LEAST_ENHANCED <= end && view.getUint32(at, little) === BLOCK.enhanced) {
      const total = view.getUint32(at + 4, little);
      if (total < LEAST_ENHANCED || (total & 3) !== 0 || total > most || at + total > end) break;
      if (view.getUint32(at + total - 4, little) !== total) break;
      const owner = interfaces[view.getUint32(at + 8, little)];
      const high = view.getUint32(at + 12, little);
      const captured = view.getUint32(at + 20, little);
      if (owner === undefined || high >= EXACT_HIGH || captured > total - LEAST_ENHANCED) break;
      const stamp = high * 0x100000000 + view.getUint32(at + 16, little);
      if (stamp > owner.last) {
        if (owner.last < 0) this.stamped.push(owner);
        owner.last = stamp;
      }
      if (stamp < owner.first) owner.first = stamp;
      const length = view.getUint32(at + 24, little);
      owner.info.packets++;
      packets++;
      bytes += length;
      capturedBytes += captured;
      if (captured < length) cut++;
      at += total;
    }
    chunk.start = at;
    this.context.addAll(packets, bytes, capturedBytes, cut);
    this.settle();
  }

  private settle(): void {
    const { frame } = this.context;
    for (const owner of this.stamped) {
      for (const stamp of [owner.first, owner.last]) {
        setTime(frame, owner.clock, Math.floor(stamp / 0x100000000), stamp >>> 0);
        this.context.account(frame.seconds, frame.nanoseconds);
      }
      owner.first = Number.POSITIVE_INFINITY;
      owner.last = -1;
    }
    this.stamped = [];
  }

  /** One block at `chunk.start`; false when more of it has to be there first. */
  private block(chunk: Chunk, there: number): boolean {
    const { view, start } = chunk;
    // The section header's type reads the same in both orders.
    const type = view.getUint32(start, this.little);
    if (type === BLOCK.section) {
      const magic = view.getUint32(start + 8);
      if (magic !== ORDER_MAGIC && magic !== 0x4d3c2b1a)
        return this.broken(chunk, `the section header has byte-order magic 0x${magic.toString(16)}`);
      this.little = magic !== ORDER_MAGIC;
    }
    const total = view.getUint32(start + 4, this.little);
    if (total < FRAME)
      return this.broken(chunk, `a block says it is ${total} bytes long, the least is ${FRAME}`);
    // Lengths are multiples of four; a writer that left the padding out of the length still wrote it.
    const length = Math.ceil(total / 4) * 4;
    if (length > this.limits.of.pcapngBlock) {
      // More often damage than a block: the next one is looked for.
      if (!this.broken(chunk)) return false;
      this.limits.block(start, type, total);
      return true;
    }
    if (there < length) {
      this.need = length;
      return false;
    }
    const end = start + length;
    const again = view.getUint32(end - 4, this.little);
    if (again !== total)
      return this.broken(
        chunk,
        `a block of type ${type} says ${total} bytes at its start and ${again} at its end`,
      );
    this.body(type, view, start + 8, end - 4);
    chunk.start = end;
    return !this.done;
  }

  private body(type: number, view: DataView, start: number, end: number): void {
    switch (type) {
      case BLOCK.section:
        this.section(view, start, end);
        break;
      case BLOCK.interface:
        this.description(view, start, end);
        break;
      case BLOCK.enhanced:
        if (end - start < 20) this.shortBlock('enhanced packet', end - start, 20);
        else {
          this.packet(view, view.getUint32(start, this.little), start + 4, start + 20, end);
        }
        break;
      case BLOCK.packet:
        if (end - start < 20) this.shortBlock('packet', end - start, 20);
        else {
          this.packet(view, view.getUint16(start, this.little), start + 4, start + 20, end);
        }
        break;
      case BLOCK.simple:
        if (end - start < 4) this.shortBlock('simple packet', end - start, 4);
        else this.simple(view, start, end);
        break;
      case BLOCK.statistics:
        this.statistics(view, start, end);
        break;
      default:
    }
  }

  private section(view: DataView, start: number, end: number): void {
    const { summary } = this.context;
    this.descriptions++;
    summary.byteOrder ??= this.little ? 'little' : 'big';
    summary.sections++;
    this.interfaces = [];
    if (end - start < 16) {
      this.shortBlock('section header', end - start, 16);
      return;
    }
    const major = view.getUint16(start + 4, this.little);
    const minor = view.getUint16(start + 6, this.little);
    if (major !== 1 || (minor !== 0 && minor !== 2)) {
      this.context.issues.add({
        severity: 'warning',
        code: 'pcapng-version',
        text: `section ${summary.sections} says version ${major}.${minor}, 1.0 is the one in use; read as 1.0`,
      });
    }
    walkOptions(view, this.little, start + 16, end, (code, at, length) => {
      if (code === OPTION.comment) this.limits.comment(view, at, length);
      else if (code === OPTION.hardware) summary.hardware ??= this.limits.text(view, at, length);
      else if (code === OPTION.system) summary.system ??= this.limits.text(view, at, length);
      else if (code === OPTION.application) summary.application ??= this.limits.text(view, at, length);
    });
  }

  private description(view: DataView, start: number, end: number): void {
    const { summary } = this.context;
    this.descriptions++;
    if (end - start < 8) {
      this.shortBlock('interface description', end - start, 8);
      return;
    }
    if (this.interfaces.length >= this.limits.of.pcapngInterfaces) {
      const found = `a section describes more than ${this.interfaces.length} interfaces`;
      this.limits.tell('pcapngInterfaces', found, 'of packets of the others no link type is known', 'error');
      return;
    }
    const { linkType, snaplen, issue, ...rest } = readDescription(view, start, end, this.little, this.limits);
    if (issue) this.context.issues.add(issue);
    const { resolution = 6, offset = 0 } = rest;
    const options = this.context.keepOptions ? this.optionsOf(view, start + 8, end) : undefined;
    const info: CaptureInterface = {
      linkType,
      snaplen,
      ...rest,
      ...(options && { options }),
      section: Math.max(0, summary.sections - 1),
      packets: 0,
    };
    const clock = resolution === 6 && offset === 0 ? MICROSECONDS : clockOf(resolution, offset);
    const index =
      summary.interfaces.length < this.limits.of.pcapngInterfaces ? summary.interfaces.push(info) - 1 : -1;
    this.interfaces.push({ clock, info, index, first: Number.POSITIVE_INFINITY, last: -1 });
    summary.snaplen = Math.max(summary.snaplen, snaplen);
    this.context.linkType(linkType);
  }

  /** Of interfaces without number, only so many bytes of options are kept. */
  private optionsOf(view: DataView, start: number, end: number): readonly PcapngOption[] {
    this.kept += end - start;
    if (this.kept > this.limits.of.pcapngOptions) {
      const found = `interfaces have more than ${formatBytes(this.kept - (end - start))} of options`;
      this.limits.tell('pcapngOptions', found, 'those of this interface and the ones behind it are left out');
      return [];
    }
    return readOptions(view, this.little, start, end, 'interface');
  }

  /** Enhanced and old packet blocks: `times` is where the time stamp stands, `data` where the packet does. */
  private packet(view: DataView, index: number, times: number, data: number, end: number): void {
    const { frame } = this.context;
    const owner = this.interfaces[index];
    const claimed = view.getUint32(times + 8, this.little);
    const captured = Math.min(claimed, end - data);
    if (claimed > captured) {
      this.context.issues.add({
        severity: 'warning',
        code: 'pcapng-packet-length',
        packet: this.context.summary.packets + 1,
        text: `the block says ${claimed} bytes captured and has room for ${captured}`,
      });
    }
    frame.optionsStart = Math.min(end, data + Math.ceil(captured / 4) * 4);
    frame.optionsEnd = end;
    frame.optionsLittle = this.little;
    setTime(
      frame,
      owner?.clock ?? MICROSECONDS,
      view.getUint32(times, this.little),
      view.getUint32(times + 4, this.little),
    );
    this.emit(owner, index, view.getUint32(times + 12, this.little), captured, data, true);
  }

  private simple(view: DataView, start: number, end: number): void {
    const owner = this.interfaces[0];
    const length = view.getUint32(start, this.little);
    const snaplen = owner?.info.snaplen ?? 0;
    const wanted = snaplen > 0 ? Math.min(length, snaplen) : length;
    this.context.frame.optionsStart = this.context.frame.optionsEnd = end;
    this.context.frame.seconds = 0;
    this.context.frame.nanoseconds = 0;
    this.emit(owner, 0, length, Math.min(wanted, end - start - 4), start + 4, false);
  }

  private emit(
    owner: SectionInterface | undefined,
    index: number,
    length: number,
    captured: number,
    offset: number,
    timed: boolean,
  ): void {
    const { frame } = this.context;
    if (owner) {
      owner.info.packets++;
      frame.linkType = owner.info.linkType;
      frame.interfaceName = owner.info.name;
      frame.captureInterface = owner.index;
    } else {
      frame.linkType = -1;
      frame.interfaceName = undefined;
      frame.captureInterface = -1;
      this.context.issues.add({
        severity: 'warning',
        code: 'pcapng-interface',
        packet: this.context.summary.packets + 1,
        text: `the packet is of interface ${index}, the section describes ${this.interfaces.length}: its link type is unknown`,
      });
    }
    frame.length = length;
    frame.captured = captured;
    frame.offset = offset;
    this.context.emit(timed);
  }

  private statistics(view: DataView, start: number, end: number): void {
    if (end - start < 12) return;
    const owner = this.interfaces[view.getUint32(start, this.little)];
    if (!owner) return;
    walkOptions(view, this.little, start + 12, end, (code, at, length) => {
      if (code === OPTION.statisticsDropped && length >= 8) {
        owner.info.dropped = Number(view.getBigUint64(at, this.little));
      }
    });
  }

  private shortBlock(name: string, length: number, needed: number): void {
    this.context.issues.add({
      severity: 'warning',
      code: 'pcapng-block-short',
      text: `a block of kind "${name}" has a body of ${length} bytes, it needs ${needed}; passed over`,
    });
  }

  /** The block at `chunk.start` can't be one, and what is wrong with it, if that isn't told; false when more has to be there first. */
  private broken({ view, start, end }: Chunk, text?: string): boolean {
    if (view.getUint32(start, this.little) === BLOCK.interface) {
      if (end - start < MOST_REMAINS && !this.isAll) {
        this.need = MOST_REMAINS;
        return false;
      }
      this.remains(view, start, end);
    }
    this.lost = { offset: this.context.base + start, ...(text !== undefined && { text }) };
    return true;
  }

  /** A description whose length is damaged counts, whatever is left of it: packets tell their interfaces by number. */
  private remains(view: DataView, start: number, end: number): void {
    const options = start + LEAST_DESCRIPTION - 4;
    const most = Math.min(end, start + MOST_REMAINS);
    if (options <= most && view.getUint16(start + 10, this.little) === 0) {
      this.description(view, start + 8, optionsEnd(view, this.little, options, most) ?? options);
      return;
    }
    this.descriptions++;
    this.interfaces.push(undefined);
  }

  /**
   * Behind a damaged block, goes to the next place where one is whole.
   * @returns false when more has to be there first
   */
  private isFound(chunk: Chunk): boolean {
    if (!this.lost) return true;
    const { little, isAll } = this;
    const { at, need } = findBlock(chunk, { little, isAll, most: this.limits.of.pcapngBlock });
    chunk.start = at;
    if (need > 0) this.need = need;
    else this.goOn(at);
    return need === 0;
  }

  private goOn(at: number): void {
    const { lost, context } = this;
    this.lost = undefined;
    if (lost?.text === undefined) return;
    const offset = context.base + at;
    context.issues.add({
      severity: 'warning',
      code: 'pcapng-damaged',
      text: `at byte ${lost.offset}, ${lost.text}: the file is damaged there; ${offset - lost.offset} bytes are left out, and what is read next is the block at byte ${offset}`,
    });
  }
}
