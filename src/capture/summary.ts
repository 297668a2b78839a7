import type { Issue } from '../base/issue.ts';
import type { CaptureFormat } from './magic.ts';
import type { PcapngOption } from './pcapng-options.ts';

export interface Instant {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** An interface as the capture describes it: pcapng's interface description, or the one that a classic file stands for. */
export interface CaptureInterface {
  readonly linkType: number;
  /** 0 when unlimited or unknown. */
  readonly snaplen: number;
  readonly name?: string;
  readonly description?: string;
  /** From 0, the section it belongs to. */
  readonly section: number;
  packets: number;
  /** The capture filter, as it was typed. */
  readonly filter?: string;
  /** if_tsresol, if_tsoffset: the digits of its times behind the point (6 when left out), and seconds to add to them. */
  readonly resolution?: number;
  readonly offset?: number;
  /** All of its options, where somebody asked for them (`ScanOptions.keepOptions`). */
  readonly options?: readonly PcapngOption[];
  /** Packets that the capture lost on it, by its statistics block. */
  dropped?: number;
}

/** What a scan learned of a capture as a whole. */
export interface CaptureSummary {
  /** Absent when the bytes are no capture: then `issues` says what they are. */
  format?: CaptureFormat;
  /** Of the first section. */
  byteOrder?: 'little' | 'big';
  /** In order of first mention. */
  linkTypes: number[];
  /** The largest of its interfaces'; 0 when unlimited or unknown. */
  snaplen: number;
  sections: number;
  packets: number;
  /** On the wire, and in the file. */
  bytes: number;
  capturedBytes: number;
  /** Packets of which the file has only a part. */
  cut: number;
  /** Earliest and latest time stamp. */
  first?: Instant;
  last?: Instant;
  interfaces: CaptureInterface[];
  comments: string[];
  /** Program, system and machine that wrote it, as pcapng says. */
  application?: string;
  system?: string;
  hardware?: string;
  issues: Issue[];
}

/** So many issues of one code are told one by one. */
const TOLD = 8;

/** Collects issues; of each code only the first few, and how many more there were. */
export class IssueLog {
  readonly issues: Issue[] = [];
  private readonly counts = new Map<string, number>();
  private readonly path: string | undefined;

  constructor(path: string | undefined) {
    this.path = path;
  }

  add(issue: Issue): void {
    const count = (this.counts.get(issue.code) ?? 0) + 1;
    this.counts.set(issue.code, count);
    if (count <= TOLD) {
      this.issues.push(this.path === undefined ? issue : { path: this.path, ...issue });
    }
  }

  finish(): Issue[] {
    for (const [code, count] of this.counts) {
      const last = this.issues.findLast((issue) => issue.code === code);
      if (count > TOLD && last) {
        const { packet: _, ...rest } = last;
        this.issues.push({ ...rest, text: `${count - TOLD} more like the ones before (${code})` });
      }
    }
    return this.issues;
  }
}
