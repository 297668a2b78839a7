/**
 * Packets that were made from text (`ToldFrame`s), as a stream of bytes like any other capture's: the magic, the length of a JSON
 * head with what is known of the whole, then a record a packet:
 *
 *   0  length of the record    4  line          8  unsaid       12  seconds (double)   20  nanoseconds
 *  24  length on the wire     28  captured     32  link type    36  length of the interface's name, of the text
 *  40  name, text (UTF-8), bytes
 */
import { viewOf } from '../base/bytes.ts';
import type { Issue } from '../base/issue.ts';
import type { Told } from './frame.ts';
import { TOLD_MAGIC } from './magic.ts';
import type { Chunk, Parser, ParserContext } from './parser.ts';
import type { CaptureInterface } from './summary.ts';

const RECORD_HEADER = 40;
const MOST = 1 << 20;

/** What is known of the whole capture. */
export interface ToldHead {
  readonly interfaces: readonly CaptureInterface[];
  readonly issues: readonly Issue[];
}

export interface ToldFrame extends Told {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly length: number;
  readonly linkType: number;
  readonly interfaceName?: string;
  readonly bytes: Uint8Array;
}

/** The stream that `ToldParser` reads. Texts are cut at 4,000 characters. */
export function toldBytes(head: ToldHead, frames: readonly ToldFrame[]): Uint8Array {
  const encoder = new TextEncoder();
  const json = encoder.encode(JSON.stringify(head));
  const parts = frames.map((frame) => record(frame, encoder));
  const start = TOLD_MAGIC.length + 4 + json.length;
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, start));
  bytes.set(encoder.encode(TOLD_MAGIC));
  viewOf(bytes).setUint32(TOLD_MAGIC.length, json.length);
  bytes.set(json, TOLD_MAGIC.length + 4);
  let at = start;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function record(frame: ToldFrame, encoder: InstanceType<typeof TextEncoder>): Uint8Array {
  const name = encoder.encode((frame.interfaceName ?? '').slice(0, 256));
  const text = encoder.encode((frame.text ?? '').slice(0, 4000));
  const bytes = new Uint8Array(RECORD_HEADER + name.length + text.length + frame.bytes.length);
  const view = viewOf(bytes);
  view.setUint32(0, bytes.length);
  view.setUint32(4, frame.line);
  view.setUint32(8, frame.unsaid);
  view.setFloat64(12, frame.seconds);
  view.setUint32(20, frame.nanoseconds);
  view.setUint32(24, frame.length);
  view.setUint32(28, frame.bytes.length);
  view.setInt32(32, frame.linkType);
  view.setUint16(36, name.length);
  view.setUint16(38, text.length);
  bytes.set(name, RECORD_HEADER);
  bytes.set(text, RECORD_HEADER + name.length);
  bytes.set(frame.bytes, RECORD_HEADER + name.length + text.length);
  return bytes;
}

export class ToldParser implements Parser {
  need = TOLD_MAGIC.length + 4;
  done = false;
  private readonly context: ParserContext;
  private readonly interfaces = new Map<string, { info: CaptureInterface; index: number }>();
  private readonly decoder = new TextDecoder();
  private opened = false;

  constructor(context: ParserContext) {
    this.context = context;
  }

  parse(chunk: Chunk): void {
    if (!this.opened && !this.open(chunk)) return;
    const { view } = chunk;
    for (;;) {
      const at = chunk.start;
      if (at + RECORD_HEADER > chunk.end) {
        this.need = RECORD_HEADER;
        return;
      }
      const size = view.getUint32(at);
      const captured = view.getUint32(at + 28);
      const name = view.getUint16(at + 36);
      const text = view.getUint16(at + 38);
      if (size !== RECORD_HEADER + name + text + captured || size > MOST) {
        this.damaged();
        return;
      }
      if (at + size > chunk.end) {
        this.need = size;
        return;
      }
      this.emit(view, at, name, text, captured);
      chunk.start = at + size;
    }
  }

  end(rest: number): void {
    if (rest > 0 || !this.opened) this.damaged();
  }

  private emit(view: DataView, at: number, name: number, text: number, captured: number): void {
    const { context } = this;
    const { frame } = context;
    const unsaid = view.getUint32(at + 8);
    const said = this.text(view, at + RECORD_HEADER + name, text);
    frame.told = { line: view.getUint32(at + 4), unsaid, ...(text > 0 && { text: said }) };
    frame.seconds = view.getFloat64(at + 12);
    frame.nanoseconds = view.getUint32(at + 20);
    frame.length = view.getUint32(at + 24);
    frame.captured = captured;
    frame.linkType = view.getInt32(at + 32);
    frame.interfaceName = name > 0 ? this.text(view, at + RECORD_HEADER, name) : undefined;
    frame.view = view;
    frame.offset = at + RECORD_HEADER + name + text;
    context.linkType(frame.linkType);
    const own = this.interfaces.get(frame.interfaceName ?? '');
    if (own) own.info.packets++;
    frame.captureInterface = own?.index ?? -1;
    context.emit(true);
    // What isn't shown of a packet was not cut off by a snaplen.
    context.summary.cut = 0;
  }

  private open(chunk: Chunk): boolean {
    const { view, start } = chunk;
    const length = view.getUint32(start + TOLD_MAGIC.length);
    const at = start + TOLD_MAGIC.length + 4;
    if (at + length > chunk.end) {
      this.need = TOLD_MAGIC.length + 4 + length;
      if (length > MOST) this.damaged();
      return false;
    }
    const head = readHead(this.text(view, at, length));
    if (!head) {
      this.damaged();
      return false;
    }
    const { summary, issues } = this.context;
    summary.sections = 1;
    for (const one of head.interfaces) {
      const own = { ...one };
      this.interfaces.set(own.name ?? '', { info: own, index: summary.interfaces.length });
      summary.interfaces.push(own);
    }
    for (const issue of head.issues) issues.add(issue);
    this.opened = true;
    chunk.start = at + length;
    return true;
  }

  private text(view: DataView, at: number, length: number): string {
    return this.decoder.decode(new Uint8Array(view.buffer, view.byteOffset + at, length));
  }

  private damaged(): void {
    if (this.done) return;
    this.done = true;
    const text = 'its records are damaged from here on';
    this.context.issues.add({ severity: 'error', code: 'told-damaged', text });
  }
}

function readHead(json: string): ToldHead | undefined {
  try {
    const head = JSON.parse(json) as ToldHead;
    return Array.isArray(head.interfaces) && Array.isArray(head.issues) ? head : undefined;
  } catch {
    return undefined;
  }
}
