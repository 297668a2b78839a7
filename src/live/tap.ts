/** One capture point of a running host, whoever captures there. */
import type { Frame } from '../capture/frame.ts';
import type { CapturePoint } from '../collect/capture-points.ts';

/** What the kernel tells of a packet socket (tpacket(7): `PACKET_STATISTICS`), since it was opened. */
export interface TapStatistics {
  /** Packets that passed the filter. */
  readonly received: number;
  /** Of those, the ones for which there was no room. */
  readonly dropped: number;
}

export interface TapLimits {
  /** In pcap-filter(7)'s language. */
  readonly filter?: string;
  /** Bytes of each packet. */
  readonly snaplen: number;
  readonly promiscuous: boolean;
}

export interface TapListener {
  /** The frame is valid during the call only. */
  onFrame(frame: Frame): void;
  onStatistics(statistics: TapStatistics): void;
  /** It ended by itself, or could not begin: what the one who captures said. */
  onEnd(reason: string): void;
}

export interface Tap {
  readonly point: CapturePoint;
  /** Resolves when it listens, or has ended. */
  readonly listening: Promise<void>;
  /** Asks for statistics, which come to the listener. */
  ask(): void;
  /** Ends it; resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

/** `host:eth0`, as the command line names it. */
export function nameOf({ namespace, device }: CapturePoint): string {
  return `${namespace.name}:${device}`;
}
