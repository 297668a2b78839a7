/** The namespaces with their links: what passes them, what their devices lose, and where packets die now. */
import { printable } from '../../base/printable.ts';
import { nameOf } from '../../live/tap.ts';
import type { Trouble } from '../../live/troubles.ts';
import type { AnalysisTopology } from '../../report/analysis.ts';
import type { Style } from '../../report/text/style.ts';
import {
  isOrdinaryLoopback,
  type TreeLine,
  type TreeNotes,
  topologyLines,
} from '../../report/text/topology.ts';
import type { PointData, ScreenData } from '../data.ts';
import { clip } from '../fold.ts';
import type { Pane, PaneRoom } from '../pane.ts';

export function topologyPane(data: ScreenData, { width, style }: PaneRoom): Pane {
  const { analysis, points } = data;
  // What is captured stands with its rate.
  const topology = analysis && { ...analysis.topology, captures: [] };
  const notes = notesOf(data, width, style);
  const lines = topology
    ? [
        ...placeless(data, topology).map((trouble) => ({ text: troubleText(trouble, style) })),
        ...topologyLines(topology, { ...style, width, verbose: false }, notes),
      ]
    : [];
  const keys = keysOf(lines);
  return {
    title: topology
      ? `${topology.namespaces.length} namespaces · ${points.length} points of capture (${POINT})`
      : '',
    rows: lines.length,
    row: (index) => clip(lines[index]?.text.replaceAll('\u00a0', ' ') ?? '', width),
    keyOf: (index) => keys[index] ?? '',
    newest: 'first',
    empty: 'The host has not been analysed yet.',
  };
}

const POINT = '◉';
/** Columns of `◉ 999k pkt/s 999 Mbit/s`. */
const RATE = 23;

/** `host:eth0`, of a link; lines below it, and those about a namespace, are counted. */
function keysOf(lines: readonly TreeLine[]): string[] {
  const counts = new Map<string, number>();
  return lines.map(({ namespace = '', device }) => {
    const place = device === undefined ? namespace : `${namespace}:${device}`;
    const count = counts.get(place) ?? 0;
    counts.set(place, count + 1);
    return count === 0 ? place : `${place} ${count}`;
  });
}

/** Findings of no namespace that is drawn. */
function placeless({ troubles }: ScreenData, { namespaces }: AnalysisTopology): Trouble[] {
  const drawn = new Set(namespaces.map(({ name }) => name));
  return troubles.filter(
    ({ ended, finding: { namespace } }) => ended === undefined && !drawn.has(namespace ?? ''),
  );
}

function notesOf({ analysis, points, links, troubles }: ScreenData, width: number, style: Style): TreeNotes {
  const captured = new Map(points.map((each) => [nameOf(each.point), each]));
  const holding = troubles.filter(({ ended }) => ended === undefined);
  const drawn = new Set(
    analysis?.topology.namespaces.flatMap(({ name, links: own }) =>
      own.flatMap((link) => (isOrdinaryLoopback(link) ? [] : [`${name}:${link.name}`])),
    ),
  );
  return {
    linkNote: (namespace, device) => {
      const name = `${namespace}:${device}`;
      const point = captured.get(name);
      const counted = links.get(name);
      if (point && point.ended === undefined)
        return rateText(POINT, point.packetRate, point.byteRate, style.command);
      return counted ? rateText(' ', counted.packets, counted.bytes, (text) => text) : ' '.repeat(RATE);
    },
    placeNotes: (namespace, device) => {
      const name = `${namespace}:${device}`;
      const own = holding.filter(({ finding }) => {
        if (finding.namespace !== namespace) return false;
        // A device that isn't drawn has them at its namespace.
        const isDrawn = drawn.has(`${namespace}:${finding.interface}`);
        return device === undefined ? !isDrawn : isDrawn && finding.interface === device;
      });
      return [
        ...own.map((trouble) => clip(troubleText(trouble, style), width)),
        ...lossTexts(captured.get(name), links.get(name)?.lost ?? 0).map(style.doubtful),
      ];
    },
  };
}

function rateText(sign: string, packets: number, bytes: number, paint: (text: string) => string): string {
  const [count, thousands] = scaled(packets);
  const [bits, unit] = scaled(bytes * 8);
  const text = `${`${count}${thousands} pkt/s`.padStart(10)} ${`${bits} ${unit}bit/s`.padStart(10)}`;
  return `${sign} ${packets > 0 ? paint(text) : text}`;
}

/** Four characters at most, and the unit: `0`, `0.4`, `12`, `1.2` and `k`, `123` and `M`. */
function scaled(value: number): readonly [number: string, unit: string] {
  const units = ['', 'k', 'M', 'G', 'T'];
  let [left, unit] = [value, 0];
  while (left >= 999.5 && unit < units.length - 1) {
    left /= 1000;
    unit++;
  }
  const places = left > 0 && left < 9.95 && (unit > 0 || left < 0.95) ? 1 : 0;
  return [left.toFixed(places), units[unit] ?? ''];
}

function troubleText({ finding, flows }: Trouble, style: Style): string {
  const count = flows.length + (finding.alike ?? 0);
  const who = count === 0 ? '' : `${count} ${count === 1 ? 'flow' : 'flows'}: `;
  const [sign, paint] =
    finding.severity === 'error' ? (['✗', style.bad] as const) : (['!', style.doubtful] as const);
  return paint(`${sign} ${who}${printable(finding.title)}`);
}

function lossTexts(point: PointData | undefined, lost: number): string[] {
  return [
    ...(lost > 0 ? [`! ${lost} lost in the device of late`] : []),
    ...(point?.dropped ? [`! ${point.dropped} passed the capture by: the kernel had no room for them`] : []),
    ...(point?.ended === undefined ? [] : [`! nothing is captured here any more: ${printable(point.ended)}`]),
  ];
}
