import type { Issue } from '../base/issue.ts';
import type { InputLimits } from '../base/limits.ts';
import type { ByteSource } from '../capture/source.ts';
import type { Dump } from '../dump/dump.ts';
import type { Stage } from './dump-time.ts';

/** How the place of an input was found, most certain first. */
export type PlacedBy =
  | 'argument'
  | 'bundle'
  | 'manifest'
  | 'session'
  | 'pcapng'
  | 'file-name'
  | 'inference'
  | 'assumed';

/** A capture file (or standard input) and what the command line, its folder or its name say of where it was taken. */
export interface CaptureInput {
  /** As the user named it; inside a bundle, the bundle's path and the path within. */
  readonly path: string;
  readonly namespace?: string;
  readonly interface?: string;
  readonly by: PlacedBy;
  /** Where the inputs are of several machines: whose it is, as far as that is known. */
  readonly host?: string;
  /** Seconds that its machine's clock is ahead of the first machine's: to be taken off its times. */
  readonly clock?: number;
  /** Why it was taken for one, where that isn't its magic number. */
  readonly why?: string;
  /** What it was recorded with, by the manifest or the session. */
  readonly command?: string;
  /** Packets that it had no room for, by the manifest. */
  readonly dropped?: number;
  /** Of a session: the line on which it was begun. */
  readonly step?: number;
  /** Standard input or a pipe: it can be opened once. */
  readonly once?: true;
  /** Where it lies, if it is a file of its own: another thread opens it by that, and tells of the bytes that it reads. */
  readonly file?: string;
  /** What its reader keeps to. */
  readonly limits?: InputLimits;
  onRead?(bytes: number): void;
  /** A fresh reader over its bytes, already decompressed. */
  open(): ByteSource;
}

export interface DumpInput {
  readonly dump: Dump;
  readonly namespace: string;
  readonly by: PlacedBy;
  /** Epoch seconds when it was taken, and who says so: the dump itself, its name, or the bundle's manifest for all of its files. */
  readonly time?: number;
  readonly timeBy?: TimeBy;
  /** An order that its name tells, without a time. */
  readonly stage?: Stage;
  /** Epoch seconds of its file's last modification, which copying may have changed. */
  readonly modified?: number;
  /** Of a session: the line on which the command that printed it was typed. States follow each other by it. */
  readonly step?: number;
}

/** A command of a session or script that changes the state. */
export interface CommandInput {
  readonly path: string;
  readonly line: number;
  readonly step: number;
  /** Where it runs. */
  readonly namespace: string;
  /** It was typed in a shell that was opened there: the namespace in which that was done. */
  readonly outside?: string;
  /** As typed, its variables filled in. */
  readonly typed: string;
  /** Without sudo, `ip netns exec NS` and the like; empty where it only opens a shell there. */
  readonly text: string;
  /** What it printed says that it was refused. */
  readonly refused?: { readonly number: number; readonly text: string };
}

export type TimeBy = 'dump' | 'file-name' | 'manifest' | 'bundle';

/** manifest.json of a bundle (schemas/manifest.schema.json). */
export interface Manifest {
  readonly format: 'nettrace-bundle/1';
  readonly host?: string;
  readonly collectedAt?: string;
  readonly namespaces?: readonly {
    readonly name: string;
    readonly pid?: number;
    readonly inode?: number;
    readonly netnsid?: number;
    readonly container?: string;
  }[];
  readonly files?: readonly {
    readonly path: string;
    readonly namespace?: string;
    readonly interface?: string;
    readonly command?: string;
    /** RFC 3339: when it was taken. */
    readonly collectedAt?: string;
    /** Packets that a capture had no room for. */
    readonly dropped?: number;
  }[];
}

/** One of several machines that the inputs are of. */
export interface HostInput {
  readonly name: string;
  readonly manifest?: Manifest;
}

/** What packets that two machines saw tell of their clocks. */
export interface HostClock {
  readonly host: string;
  /** The machine whose clock the report's times are by. */
  readonly reference: string;
  /** Seconds that it is ahead of that one, and within how much; undefined: nothing tells. */
  readonly ahead?: number;
  readonly error?: number;
  /** Packets seen on both that agree. */
  readonly packets?: number;
  /** They all went one way: it may be less by the time that they took. */
  readonly oneWay?: boolean;
}

/**
 * Everything the command line named, recognised and placed; what could not be used is in `issues`. What was doubtful inside a
 * dump stays in its own `issues`.
 */
export interface InputSet {
  readonly captures: readonly CaptureInput[];
  readonly dumps: readonly DumpInput[];
  /** In the order in which they were typed, file by file. */
  readonly commands?: readonly CommandInput[];
  readonly manifest?: Manifest;
  /** The machines, where there are several: the names of all namespaces begin with theirs (`node-1/red`), and each has its own manifest. */
  readonly hosts?: readonly HostInput[];
  /** Their clocks, of all but the first; once they were compared, all times are by the first one's. */
  readonly clocks?: readonly HostClock[];
  /** Where others than the defaults were asked for. */
  readonly limits?: InputLimits;
  readonly issues: readonly Issue[];
}
