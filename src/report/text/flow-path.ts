/** A flow's path there and back, each interface with what its captures saw, and what they say of the model. */
import { printable } from '../../base/printable.ts';
import type { Hop } from '../../netstack/hop.ts';
import type { Analysis, AnalysisFlow, AnalysisTopology } from '../analysis.ts';
import { type PathView, pathRows } from './path.ts';
import { place } from './paths.ts';
import { drawRail, type RailRow } from './rail.ts';
import { type Direction, lookerOf, packetsAt } from './sightings.ts';
import type { Style } from './style.ts';
import { NO_PLACES, type Places } from './traversal.ts';

const LONGEST_LABEL = 26;

export interface FlowPathView {
  readonly analysis: Analysis;
  readonly nameOf: (namespace: string) => string;
  readonly shorten: (path: string) => string;
}

export interface FlowRails {
  readonly there: readonly RailRow[];
  /** Empty: there is none, or the request doesn't get so far. */
  readonly back: readonly RailRow[];
}

export function flowPath(flow: AnalysisFlow, view: FlowPathView, style: Style, indent: number): string[] {
  const { there, back } = flowRails(flow, view, style.verbose);
  const lines = drawRail(there, style, indent, LONGEST_LABEL);
  if (back.length === 0) return lines;
  const title = `${' '.repeat(indent)}${style.bold('the answer')}`;
  return [...lines, title, ...drawRail(back, style, indent, LONGEST_LABEL)];
}

/** Both ways as rows, for any reporter. `isVerbose`: every rule for itself, with its place. */
export function flowRails(flow: AnalysisFlow, view: FlowPathView, isVerbose: boolean): FlowRails {
  if (flow.predicted.length === 0) return sightedRails(flow, view);
  const there = legRows(flow, flow.predicted, 'forward', view, isVerbose);
  const dead = there.some((row) => row.mark === 'death');
  const back = dead ? [] : (flow.predictedReply ?? []);
  return { there, back: back.length === 0 ? [] : legRows(flow, back, 'reply', view, isVerbose) };
}

/** Without a model: the captures that saw it, in the order it passed them, and those that did not. */
function sightedRails(flow: AnalysisFlow, view: FlowPathView): FlowRails {
  const { captures } = view.analysis.topology;
  const rows = (direction: Direction): RailRow[] => {
    const seen = flow.sightings.filter((sighting) => sighting.direction === direction);
    return seen.map((sighting, index) => ({
      mark: index === 0 ? 'begin' : index === seen.length - 1 ? 'end' : 'within',
      label: printable(sighting.capture),
      text: `✓ ${sighting.packets} packet${sighting.packets === 1 ? '' : 's'}\u00a0\u00a0 ${printable(sighting.tuple)}`,
      tone: 'good',
    }));
  };
  const missed = captures
    .filter((point) => packetsAt(flow, point, 'forward') === 0)
    .map((point) => beyondRow(point, 0, view));
  return { there: [...rows('forward'), ...missed], back: rows('reply') };
}

function legRows(
  flow: AnalysisFlow,
  hops: readonly Hop[],
  direction: Direction,
  view: FlowPathView,
  isVerbose: boolean,
): RailRow[] {
  const { topology } = view.analysis;
  const drawn = new Set<string>();
  const path: PathView = {
    notation: isVerbose ? 'trace' : 'short',
    nameOf: view.nameOf,
    lookAt: lookerOf(flow, topology, direction),
    places: isVerbose ? placesOf(view.shorten) : NO_PLACES,
    shorten: view.shorten,
  };
  const rows = pathRows(hops, path, drawn);
  if (!rows.some((row) => row.mark === 'death')) return rows;
  const isBefore = beforeDrawn(flow, direction, drawn);
  const others = topology.captures.filter(
    (point) => !drawn.has(`${point.namespace}:${point.interface}`) && !isBefore(point),
  );
  const beyond = others.map((point) => beyondRow(point, packetsAt(flow, point, direction), view));
  const seen = [...rows.filter((row) => row.mark === 'beyond'), ...beyond].some((row) => row.tone === 'good');
  return [...(seen ? rows.map(doubted) : rows), ...beyond];
}

/**
 * Did the packet pass that point before it came to one that the model's path has? The model knows an answer from where it
 * comes into what was dumped.
 */
function beforeDrawn(
  { sightings }: AnalysisFlow,
  direction: Direction,
  drawn: ReadonlySet<string>,
): (point: AnalysisTopology['captures'][number]) => boolean {
  // In the order in which requests pass them.
  const own = sightings.filter((sighting) => sighting.direction === direction).map(({ capture }) => capture);
  const order = direction === 'forward' ? own : own.toReversed();
  const last = order.findLastIndex((capture) => drawn.has(capture));
  return ({ namespace, interface: device }) => {
    const at = order.indexOf(`${namespace}:${device}`);
    return at >= 0 && at < last;
  };
}

/** Captures off the path of a packet that died: where it may have come by, had it gone on. */
function beyondRow(
  point: AnalysisTopology['captures'][number],
  packets: number,
  view: FlowPathView,
): RailRow {
  const file = printable(view.shorten(point.path));
  return {
    mark: 'beyond',
    label: `${printable(point.namespace)}:${printable(point.interface)}`,
    text: `${packets === 0 ? '✗ not seen' : `✓ ${packets} packet${packets === 1 ? '' : 's'}`}\u00a0\u00a0 ${file}`,
    tone: packets === 0 ? 'dim' : 'good',
  };
}

/** The packet was seen beyond its death: then the model lacks something there, and did not see it die. */
function doubted(row: RailRow): RailRow {
  if (row.mark !== 'death') return row;
  const text = `${row.text}; so the model says, but the captures saw it further on`;
  return { mark: 'within', label: '? doubtful', text, tone: 'doubtful' };
}

function placesOf(shorten: (path: string) => string): Places {
  return ({ path, line }) => {
    if (path === undefined) return '';
    return `\u00a0 (${place({ path: shorten(path), ...(line !== undefined && { line }) })})`;
  };
}
