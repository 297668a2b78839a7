/** What the screen shows of a followed host, as it is at one moment: nothing in here changes after it was taken. */

import type { FlowBook, LiveFlow } from '../live/flow-book.ts';
import type { LinkRates } from '../live/link-book.ts';
import type { PacketsKept } from '../live/packet-feed.ts';
import type { LivePoint } from '../live/point-tap.ts';
import type { RulesRead } from '../live/rule-book.ts';
import type { Trouble } from '../live/troubles.ts';
import type { Analysis } from '../report/analysis.ts';

export interface PointData extends LivePoint {
  /** Of late, a second. */
  readonly packetRate: number;
  readonly byteRate: number;
}

export interface ScreenData {
  /** Epoch seconds. */
  readonly now: number;
  readonly points: readonly PointData[];
  readonly flows: ReturnType<FlowBook['list']>;
  /** Those that hold, then those that ended; latest first. */
  readonly troubles: readonly Trouble[];
  /** The last one. */
  readonly analysis: Analysis | undefined;
  /** The packets of all points that are kept; of a pause those of its begin. */
  readonly packets: PacketsKept;
  readonly links: LinkRates;
  /** Of the namespaces that packets pass. */
  readonly rules: RulesRead;
  /** What the capture could not keep up with, in a sentence each. */
  readonly notes: readonly string[];
}

export type { LiveFlow };
