import type { Dump } from '../dump/dump.ts';
import type { Stage } from './dump-time.ts';
import type { Entry } from './entry.ts';
import type { PlacedBy, TimeBy } from './input.ts';
import type { Place } from './layout.ts';

/** A file on its way to be recognised, with what its place on the command line or in a bundle says of it. */
export interface PlacedEntry {
  readonly entry: Entry;
  readonly place?: Place;
  /** Whose bundle it is in, as far as that has a name. */
  readonly host?: string;
  /** Lies where a bundle keeps dumps and captures, or was named by itself: not being recognised is an error there. */
  readonly expected: boolean;
  /** The directory or archive it was found in, as the user named it. */
  readonly container?: string;
  /** In a directory that is no bundle: the folder it lies in, which may be a namespace's. */
  readonly folder?: string;
  /** The manifest's `command`; its `collectedAt` of this file, else of the bundle, in epoch seconds. */
  readonly command?: string;
  /** The manifest's, of a capture. */
  readonly dropped?: number;
  readonly time?: number;
  readonly timeBy?: 'manifest' | 'bundle';
}

/** A dump before loose ones are given their namespace. */
export interface RecognisedDump {
  readonly dump: Dump;
  readonly namespace?: string;
  readonly by: PlacedBy;
  readonly time?: number;
  readonly timeBy?: TimeBy;
  readonly stage?: Stage;
  readonly modified?: number;
  readonly folder?: string;
  readonly step?: number;
}
