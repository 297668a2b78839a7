/** What the readers of a line share. */
import type { Ip } from '../net/ip.ts';
import type { PortMemory } from './memory.ts';
import type { SequenceBook } from './sequence.ts';

export interface Reading {
  /** The address that a name stands for, as a hosts file or Docker tells; undefined: nobody knows. */
  readonly address: (name: string) => Ip | undefined;
  readonly sequences: SequenceBook;
  readonly memory: PortMemory;
  /** SCTP's verification tags, by the two ends of a direction. */
  readonly tags: Map<string, number>;
  /** Protocols of datagrams whose first fragment was seen, by their two addresses: of IPv6, later ones don't tell. */
  readonly pieces: Map<string, number>;
}

/** An upper-layer header as far as the text shows it. */
export interface Upper {
  readonly protocol: number;
  /** From its first byte on, as far as it is told; its checksum is 0 unless it was printed. */
  readonly bytes: Uint8Array;
  /** With its payload; undefined: not told. */
  readonly length?: number | undefined;
  /** Its checksum field, where that is left to be worked out: by those who know the addresses. */
  readonly checksumAt?: number | undefined;
  readonly unsaid: number;
  /** IPv6 extension headers before it, the first one's protocol first. */
  readonly extensions?: readonly { readonly protocol: number; readonly bytes: Uint8Array }[];
}

/** Why a packet is none: a name that nobody resolves, or words that nobody knows. */
export interface Unread {
  readonly unread: 'name' | 'words';
  readonly text: string;
}

export function isUnread(value: object): value is Unread {
  return 'unread' in value;
}

/** `length 64`, the last one of the first line. */
export function lengthIn(text: string): number | undefined {
  const found = /.*\blength:? (\d{1,6})\b/.exec(firstLine(text));
  return found ? Number(found[1]) : undefined;
}

export function firstLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? text : text.slice(0, end);
}
