/** A capture with its packets redacted: the same format, times and lengths. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { viewOf } from '../../base/bytes.ts';
import type { Issue } from '../../base/issue.ts';
import { Pace } from '../../base/pace.ts';
import type { Frame } from '../../capture/frame.ts';
import { isCapture } from '../../capture/magic.ts';
import { openFile } from '../../capture/open.ts';
import { pcapWriter } from '../../capture/pcap-writer.ts';
import { pcapngWriter } from '../../capture/pcapng-writer.ts';
import { scanCapture } from '../../capture/scan.ts';
import { peek } from '../../capture/source.ts';
import type { CaptureSummary } from '../../capture/summary.ts';
import type { WrittenPacket } from '../../capture/writer.ts';
import { type PacketRedactor, redactFrame } from './packet.ts';

/** Cards and names that are in it. */
export async function learnCapture(path: string, redactor: PacketRedactor): Promise<readonly Issue[]> {
  const source = openFile(path, undefined, redactor.limits);
  if (!('read' in source)) return [source];
  const visit = (frame: Frame): void => {
    redactFrame(frame.bytes, frame.linkType, redactor, true);
  };
  const { issues } = await scanCapture(source, visit, { limits: redactor.limits, pace: new Pace() });
  return issues;
}

/** Undefined: it is no capture. `to` is packed where the name says so. */
export async function redactCapture(
  path: string,
  to: string,
  redactor: PacketRedactor,
): Promise<CaptureSummary | undefined> {
  const source = openFile(path, undefined, redactor.limits);
  if (!('read' in source)) return undefined;
  const { head, source: whole } = await peek(source, 16);
  const format = isCapture(head);
  if (format === undefined) {
    whole.close();
    return undefined;
  }
  const packed = to.endsWith('.gz');
  const file = packed ? undefined : openSync(to, 'wx', 0o600);
  const blocks: Uint8Array[] = [];
  const sink = (block: Uint8Array): void => {
    if (file === undefined) blocks.push(block);
    else for (let done = 0; done < block.length; ) done += writeSync(file, block, done);
  };
  const written = format === 'pcapng' ? severalInterfaces(sink, redactor) : oneInterface(sink, head);
  const visit = (frame: Frame): void => {
    const bytes = redactFrame(frame.bytes, frame.linkType, redactor);
    const { seconds, nanoseconds, length } = frame;
    written.packet(frame, { seconds, nanoseconds, length, bytes });
  };
  // Signals are heard meanwhile.
  const summary = await scanCapture(whole, visit, { limits: redactor.limits, pace: new Pace() });
  written.end(summary);
  if (file === undefined) writeFileSync(to, gzipSync(Buffer.concat(blocks)), { mode: 0o600, flag: 'wx' });
  else closeSync(file);
  return summary;
}

interface Written {
  packet(frame: Frame, packet: WrittenPacket): void;
  end(summary: CaptureSummary): void;
}

/** Its link type is known with its first packet; of none, at the end. */
function oneInterface(sink: (block: Uint8Array) => void, head: Uint8Array): Written {
  const magic = viewOf(head).getUint32(0);
  const nanoseconds = magic === 0xa1b23c4d || magic === 0x4d3cb2a1;
  let write: ((packet: WrittenPacket) => void) | undefined;
  return {
    packet(frame, packet) {
      write ??= pcapWriter(sink, { linkType: frame.linkType, nanoseconds });
      write(packet);
    },
    end({ linkTypes: [linkType = 1] }) {
      write ??= pcapWriter(sink, { linkType, nanoseconds });
    },
  };
}

function severalInterfaces(sink: (block: Uint8Array) => void, { names }: PacketRedactor): Written {
  const writer = pcapngWriter(sink);
  const numbers = new Map<string, number>();
  const numberOf = (linkType: number, name: string | undefined): number => {
    const key = `${linkType} ${name ?? ''}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = writer.interface({ linkType, ...(name === undefined ? {} : { name: names.in(name) }) });
      numbers.set(key, number);
    }
    return number;
  };
  return {
    packet: (frame, packet) => writer.packet(numberOf(frame.linkType, frame.interfaceName), packet),
    end({ interfaces }) {
      for (const { linkType, name } of interfaces) numberOf(linkType, name);
    },
  };
}
