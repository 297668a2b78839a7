/** What `nettrace diff` says, as data: nettrace-diff/1. */
import type { Family } from '../net/ip.ts';
import type { Way } from '../symbolic/path.ts';
import type { TableName } from '../xtables/rule.ts';

export interface DiffReport {
  readonly schema: 'nettrace-diff/1';
  readonly before: string;
  readonly after: string;
  /** Nothing is treated differently, and everything was compared. */
  readonly equal: boolean;
  readonly classes: readonly DiffClass[];
  /** Where it stays open whether packets are treated differently. */
  readonly undecided: readonly {
    readonly namespace: string;
    readonly family: Family;
    readonly way: Way;
    readonly why: string;
  }[];
  /** Conditions that no header decides, and that were taken to hold as well as not to hold, in some class. */
  readonly both: readonly string[];
  /** What differs, or may, and was not held against each other. */
  readonly notCompared: readonly string[];
  /** With captures: what becomes of their flows in either state. */
  readonly flows?: FlowChanges;
}

export interface DiffClass {
  readonly namespace: string;
  readonly family: Family;
  readonly way: Way;
  /** Which packets: one of those. */
  readonly packets: readonly PacketSet[];
  /** There are packets of the class that none of `packets` has. */
  readonly more: boolean;
  readonly before: Decision;
  readonly after: Decision;
  readonly sample: SamplePacket;
  /** The kernel model treats the sample differently, too, and as it is said here. */
  readonly confirmed: boolean;
}

export interface PacketSet {
  readonly conditions: readonly PacketCondition[];
  readonly text: string;
}

export interface PacketCondition {
  /** A field of the header or connection; `condition` is one that no header decides. */
  readonly field: string;
  readonly not: boolean;
  readonly values: readonly string[];
  readonly more: boolean;
}

export interface Decision {
  readonly verdict: 'accepted' | 'dropped' | 'rejected' | 'queued' | 'stopped';
  /** What a REJECT answers, the words of another target that stops. */
  readonly with?: string;
  /** The rule or policy that decided. Absent where no filter table has an opinion. */
  readonly by?: DecidingRule;
  /** So many other rules decide so about packets of the class: `by` is the first. */
  readonly others?: number;
  /** What rules made of the sample, as far as the two states differ in it. */
  readonly changes: readonly { readonly what: string; readonly value: string; readonly by?: DecidingRule }[];
}

export interface DecidingRule {
  readonly table: TableName;
  readonly chain: string;
  /** From 1; absent for the policy. */
  readonly number?: number;
  readonly text: string;
  readonly path?: string;
  readonly line?: number;
}

export interface SamplePacket {
  readonly in?: string;
  readonly out?: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  readonly state: string;
  /** Other fields that are not what an ordinary packet has, and conditions as they are assumed. */
  readonly more: readonly string[];
}

export interface FlowChanges {
  readonly changed: readonly { readonly flow: string; readonly before: string; readonly after: string }[];
  readonly same: number;
  readonly unknown: number;
}
