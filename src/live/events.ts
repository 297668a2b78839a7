/** What happens on a followed host, as data: one JSON line each (schemas/live-event.schema.json). */

import type { Finding } from '../diagnose/finding.ts';
import type { AnalysisFlow } from '../report/analysis.ts';
import type { StateChange } from './host-state.ts';
import type { LivePoint } from './point-tap.ts';
import type { Trouble } from './troubles.ts';

export interface EventPoint {
  namespace: string;
  interface: string;
  /** Since it was begun; bytes on the wire. */
  packets: number;
  bytes: number;
  /** Packets that the kernel had no room for; absent: the one who captures doesn't tell. */
  dropped?: number;
  /** Why nothing is captured there any more. */
  ended?: string;
}

/** `time`: epoch seconds. */
export type LiveEvent =
  | {
      event: 'begin';
      time: number;
      points: EventPoint[];
      namespaces: string[];
      /** Port of 127.0.0.1 that tells the metrics. */
      metrics?: number;
      missing: { what: string; namespace?: string; reason: string }[];
    }
  /** The host is another one: a file of its bundle has other content. */
  | { event: 'change'; time: number; namespace?: string; path: string }
  /** `id`: from 1, in the order of appearance. */
  | { event: 'finding'; time: number; id: number; began: number; finding: Finding; flows: AnalysisFlow[] }
  | {
      event: 'end';
      time: number;
      id: number;
      cause: string;
      title: string;
      began: number;
      last: number;
      how: 'answered' | 'changed' | 'quiet';
    }
  /** The kernel had no room for packets: what is said of that time may lack some. `dropped`: since the event before. */
  | { event: 'drops'; time: number; namespace: string; interface: string; dropped: number }
  /** More packets came than are looked at: only the last of them, of so many seconds, were. */
  | { event: 'behind'; time: number; span: number }
  /**
   * More packets came than are kept: of whole flows a part was. `share`: of the last second's bytes what was kept, 1: all is
   * again; `aside`: flows that take too much by themselves, and are only counted.
   */
  | { event: 'sampled'; time: number; share: number; aside: number }
  | { event: 'warning'; time: number; text: string }
  | { event: 'stop'; time: number; points: EventPoint[]; findings: number };

/** How a finding ended, for people. */
export const HOW = {
  answered: 'traffic like it gets through now',
  changed: 'not seen since the host changed',
  quiet: 'nothing of it any more',
} as const;

export function pointOf({ point, packets, bytes, dropped, ended }: LivePoint): EventPoint {
  return {
    namespace: point.namespace.name,
    interface: point.device,
    packets,
    bytes,
    ...(dropped !== undefined && { dropped }),
    ...(ended !== undefined && { ended }),
  };
}

export function changeOf({ namespace, path }: StateChange, time: number): LiveEvent {
  return { event: 'change', time, ...(namespace !== undefined && { namespace }), path };
}

export function findingOf({ id, began, finding, flows }: Trouble, time: number): LiveEvent {
  return { event: 'finding', time, id, began, finding, flows: [...flows] };
}

export function endOf({ id, began, last, finding, how = 'quiet' }: Trouble, time: number): LiveEvent {
  return { event: 'end', time, id, cause: finding.cause, title: finding.title, began, last, how };
}

export function stopOf(
  {
    points,
    troubles,
  }: { readonly points: readonly LivePoint[]; readonly troubles: { readonly count: number } },
  time: number,
): LiveEvent {
  return { event: 'stop', time, points: points.map(pointOf), findings: troubles.count };
}
