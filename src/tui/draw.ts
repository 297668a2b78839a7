/** The whole screen as lines, from what is followed and what the one who looks has chosen. */
import type { LiveFlow } from '../live/flow-book.ts';
import type { Trouble } from '../live/troubles.ts';
import { MAX_WIDTH, type Style } from '../report/text/style.ts';
import { displayWidth, padEnd } from '../report/text/width.ts';
import { footerLine, headerLine } from './bars.ts';
import type { ScreenData } from './data.ts';
import { clip } from './fold.ts';
import { type Layout, layoutOf, type Place } from './layout.ts';
import type { Pane, PaneRoom } from './pane.ts';
import { helpPane } from './panes/help.ts';
import { Panes } from './panes/panes.ts';
import { reversed, screenStyle } from './screen-style.ts';
import { BEGIN, type Scroll, settle } from './scroll.ts';
import { LISTS, type List, type ScreenState, withScroll } from './state.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Terminal extends Size {
  /** How many colours it has; 0: none are wanted. */
  readonly colors: number;
}

/** One pane as it stands on the screen. */
export interface Shown {
  readonly which: List | 'detail' | 'help';
  readonly pane: Pane;
  /** Rows below its title and header. */
  readonly height: number;
  /** The first line is the title. */
  readonly lines: readonly string[];
  /** Lines above the rows. */
  readonly head: number;
}

export interface Drawn {
  readonly layout: Layout;
  readonly header: string;
  readonly footer: string;
  readonly shown: ReadonlyMap<Place, Shown>;
  /** With the places at which the panes stand now. */
  readonly state: ScreenState;
  readonly flow: LiveFlow | undefined;
  readonly trouble: Trouble | undefined;
}

/** `tried`: what a what-if said of a flow, as lines. */
export function draw(
  data: ScreenData,
  before: ScreenState,
  terminal: Terminal,
  tried: (flow: LiveFlow, style: Style) => readonly string[],
): Drawn {
  const { width, height, colors } = terminal;
  const layout = layoutOf(width, height, before.isHelp ? 'list' : before.isZoomed ? before.focus : undefined);
  const roomOf = (place: Place): PaneRoom => {
    const columns = layout.places.get(place)?.width ?? width;
    return { width: columns, style: screenStyle(colors, Math.max(20, Math.min(columns, MAX_WIDTH))) };
  };
  const panes = new Panes(data, before, (list) => roomOf(list === before.list ? 'list' : 'side'));
  let state = before;
  /** Chosen is what the list says, or would, where another one is shown. */
  const chosenIn = (list: List): string | undefined => {
    const pane = panes.list(list);
    state = withScroll(state, list, settle(state.scrolls[list], pane, heightOf(layout, 'list', pane)));
    return pane.rows === 0 ? undefined : state.scrolls[list].key;
  };
  panes.choose({ flow: chosenIn('flows'), finding: chosenIn('findings') });
  if (before.list === 'packets') panes.choose({ packet: chosenIn('packets') });
  const { list } = before;
  const detailOf = `${list} ${state.scrolls[detailedBy(list)].key}`;
  if (detailOf !== state.detailOf) state = { ...withScroll(state, 'detail', BEGIN), detailOf };
  const side: List = list === 'packets' ? 'flows' : 'packets';
  const wanted: [Place, Shown['which'], Pane][] = before.isHelp
    ? [['list', 'help', helpPane(roomOf('list'))]]
    : [
        ['list', list, panes.list(list)],
        ['detail', 'detail', panes.detail(list, roomOf('detail'), tried)],
        ['side', side, panes.list(side)],
      ];
  const shown = new Map<Place, Shown>();
  for (const [place, which, pane] of wanted) {
    const rectangle = layout.places.get(place);
    if (!rectangle) continue;
    const rows = heightOf(layout, place, pane);
    const { style } = roomOf(place);
    const scroll = settle(state.scrolls[which], pane, rows);
    if (place !== 'side') state = withScroll(state, which, scroll);
    const title = place === 'list' && which !== 'help' ? tabs(data, state, style) : titleOf(which, list);
    const isFocused = place === state.focus || before.isHelp;
    const lines = [
      titleLine([title, pane.title, positionText(pane, scroll, rows)], isFocused, style, rectangle.width),
      ...bodyLines(pane, scroll, rows, style, rectangle.width),
    ].slice(0, rectangle.height);
    shown.set(place, { which, pane, height: rows, lines, head: pane.header === undefined ? 1 : 2 });
  }
  const { style } = roomOf('list');
  return {
    layout,
    header: headerLine(data, state, style, width),
    footer: footerLine(data, state, style, width),
    shown,
    state,
    flow: panes.flow,
    trouble: panes.trouble,
  };
}

/** Of lists without details of their own it is the chosen flow's. */
function detailedBy(list: List): List {
  return list === 'findings' || list === 'packets' ? list : 'flows';
}

function titleOf(which: Shown['which'], list: List): string {
  if (which !== 'detail') return which;
  return list === 'findings' ? 'finding' : list === 'packets' ? 'packet' : 'path';
}

function heightOf({ places }: Layout, place: Place, pane: Pane): number {
  const height = places.get(place)?.height ?? 1;
  return Math.max(1, height - (pane.header === undefined ? 1 : 2));
}

function tabs({ troubles }: ScreenData, { list }: ScreenState, style: Style): string {
  const holding = troubles.filter(({ ended }) => ended === undefined).length;
  return LISTS.map((each, index) => {
    const name = `${index + 1} ${each}${each === 'findings' && holding > 0 ? ` ${holding}` : ''}`;
    return each === list
      ? reversed(` ${name} `)
      : ` ${holding > 0 && each === 'findings' ? style.bad(name) : name} `;
  }).join('');
}

/** Where in its rows the pane stands; empty: all of them are shown. */
function positionText({ rows, keyOf }: Pane, scroll: Scroll, height: number): string {
  if (rows <= height) return '';
  const at = keyOf ? `${scroll.at + 1}/${rows}` : `${Math.round((100 * (scroll.top + height)) / rows)} %`;
  return `${at}${scroll.follows ? ' following' : ''}`;
}

/** Its name, and at the right what is in it, as much as there is room for, and the position. */
function titleLine(
  [name, content, position]: readonly [string, string, string],
  isFocused: boolean,
  style: Style,
  width: number,
): string {
  const lead = isFocused ? '━' : '─';
  const begin = `${lead} ${name} `;
  const room = width - displayWidth(begin) - 4 - (position === '' ? 0 : displayWidth(position) + 3);
  const texts = [room < 4 || content === '' ? '' : clip(content, room), position].filter(
    (text) => text !== '',
  );
  const end = texts.length === 0 ? '' : ` ${texts.join(' · ')} ${lead}`;
  const line = lead.repeat(Math.max(0, width - displayWidth(begin) - displayWidth(end)));
  const paint = isFocused ? style.bold : style.dim;
  return clip(`${paint(begin)}${paint(line)}${paint(end)}`, width);
}

function bodyLines(pane: Pane, scroll: Scroll, height: number, style: Style, width: number): string[] {
  const lines = pane.header === undefined ? [] : [clip(pane.header, width)];
  if (pane.rows === 0) return [...lines, '', clip(`  ${style.dim(pane.empty ?? '')}`, width)];
  for (let row = scroll.top; row < Math.min(pane.rows, scroll.top + height); row++) {
    const line = clip(pane.row(row), width);
    lines.push(pane.keyOf && row === scroll.at ? reversed(padEnd(line, width)) : line);
  }
  return lines;
}
