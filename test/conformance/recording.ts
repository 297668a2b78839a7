/** What a kernel did with a case: all that the model needs to do the same, and what is to come out. Plain data. */
import type { Mac } from '../../src/net/mac.ts';
import type { Backend, Place } from './case.ts';
import type { Observation } from './observation.ts';

export interface Recording {
  readonly name: string;
  readonly backend: Backend;
  /** Namespace, command, and what it printed, before the first packet. */
  readonly dumps: readonly (readonly [namespace: string, command: string, text: string])[];
  readonly wires: readonly (readonly [Place, Place])[];
  readonly ends: Readonly<Record<string, Place>>;
  /** The kernel's jiffies: ticks a second, and the epoch seconds of one; absent where nobody could tell. */
  readonly clock?: { readonly hz: number; readonly tick: number };
  readonly stimuli: readonly RecordedStimulus[];
  readonly observation: Observation;
  /** Epoch seconds when the connections were listed. */
  readonly end: number;
  /** By namespace, where the case asks for them: `iptables-save -c` and `ip6tables-save -c` at the end. */
  readonly saves?: Readonly<Record<string, readonly [v4: string, v6: string]>>;
}

export interface RecordedStimulus {
  readonly on: string;
  /** IP packet, hexadecimal. */
  readonly bytes: string;
  /** Epoch seconds. */
  readonly time: number;
  /** Absent when sent locally. */
  readonly ether?: readonly [source: Mac, destination: Mac];
  readonly vlans?: readonly number[];
  /** Errno of the sender's sendto(). */
  readonly errno?: number;
}
