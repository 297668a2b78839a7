/** What a screen shows, made by hand. */
import { expect } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import type { LiveFlow } from '../../src/live/flow-book.ts';
import { PacketFeed } from '../../src/live/packet-feed.ts';
import { Window } from '../../src/live/window.ts';
import type { AnalysisFlow } from '../../src/report/analysis.ts';
import { displayWidth } from '../../src/report/text/width.ts';
import type { PointData, ScreenData } from '../../src/tui/data.ts';
import type { Pane, PaneRoom } from '../../src/tui/pane.ts';
import { screenStyle, unpainted } from '../../src/tui/screen-style.ts';

/** 2026-01-01 10:00:00 UTC */
export const BEGIN = Date.UTC(2026, 0, 1, 10) / 1000;

export function point(name: string, more: Partial<PointData> = {}): PointData {
  const [namespace = '', device = ''] = name.split(':');
  return {
    point: { namespace: { name: namespace, path: undefined, inode: 1 }, device } as PointData['point'],
    packets: 0,
    bytes: 0,
    dropped: 0,
    packetRate: 0,
    byteRate: 0,
    ...more,
  };
}

export function screenData(more: Partial<ScreenData> = {}): ScreenData {
  return {
    now: BEGIN + 10,
    points: [],
    flows: [],
    troubles: [],
    analysis: undefined,
    packets: new PacketFeed(() => []).take(),
    links: new Map(),
    rules: { chains: [], span: undefined },
    notes: [],
    ...more,
  };
}

/** Ethernet frames at points, each so many milliseconds after the begin. */
export function packetsAt(
  sightings: readonly (readonly [point: string, milliseconds: number, bytes: Uint8Array])[],
): ScreenData['packets'] {
  const windows = new Map<string, Window>();
  for (const [name, milliseconds, bytes] of sightings) {
    const window = windows.get(name) ?? new Window(1500);
    windows.set(name, window);
    window.add(frameAt(milliseconds, bytes));
  }
  return new PacketFeed(() => [...windows].map(([name, window]) => ({ name, window }))).take();
}

function frameAt(milliseconds: number, bytes: Uint8Array): Frame {
  return {
    number: 1,
    seconds: BEGIN + Math.floor(milliseconds / 1000),
    nanoseconds: (milliseconds % 1000) * 1e6,
    length: bytes.length,
    captured: bytes.length,
    linkType: 1,
    bytes,
  };
}

export function liveFlow(
  flow: Partial<AnalysisFlow> & Pick<AnalysisFlow, 'sightings' | 'status'>,
  findings: LiveFlow['findings'] = [],
): LiveFlow {
  return {
    id: 1,
    flow: {
      id: 1,
      protocol: 'tcp',
      client: { address: '10.0.0.1', port: 40000 },
      server: { address: '10.0.0.2', port: 80 },
      start: BEGIN,
      end: BEGIN + 5,
      packets: { forward: 3, reply: 0 },
      predicted: [],
      findings: findings.map((_, index) => index),
      ...flow,
    },
    findings,
    packets: { forward: 3, reply: 0 },
    rate: 0,
    first: BEGIN,
    last: BEGIN + 5,
  };
}

/** `colors`: how many the terminal has. */
export function room(width: number, colors = 0): PaneRoom {
  return { width, style: screenStyle(colors, width) };
}

/** Header and rows without their paint. */
export function linesOf(pane: Pane): string[] {
  return paintedLines(pane).map((line) => unpainted(line).trimEnd());
}

function paintedLines({ header, rows, row }: Pane): string[] {
  return [
    ...(header === undefined ? [] : [header]),
    ...Array.from({ length: rows }, (_, index) => row(index)),
  ];
}

/** No line is wider than the pane, and none drives the terminal but by colours. */
export function expectFitting(pane: Pane, width: number): void {
  for (const line of paintedLines(pane)) {
    expect(displayWidth(line)).toBeLessThanOrEqual(width);
    expect(unpainted(line)).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u);
  }
}
