/** What the one who looks has chosen, and how keys change it. Data flow the other way: nothing here knows of packets. */
import type { Place } from './layout.ts';
import { edit, type Line, lineOf } from './line-edit.ts';
import { BEGIN, type Scroll } from './scroll.ts';

/** What the list can show, by the number of its key. */
export const LISTS = ['flows', 'findings', 'topology', 'packets', 'rules'] as const;
export type List = (typeof LISTS)[number];

export const SORTS = ['trouble', 'time', 'packets', 'rate', 'client', 'server'] as const;
export type Sort = (typeof SORTS)[number];

export interface Prompt {
  readonly kind: 'filter' | 'what-if';
  readonly line: Line;
  /** Why what was typed last can't be had. */
  readonly fault?: string;
}

export interface ScreenState {
  readonly list: List;
  /** Which pane the keys that move are for. */
  readonly focus: Place;
  readonly isZoomed: boolean;
  readonly sort: Sort;
  readonly isReversed: boolean;
  /** As it was typed; empty: none. */
  readonly filter: string;
  /** Packets and rules of the chosen flow only. */
  readonly isNarrow: boolean;
  /** Rules whose counters moved only. */
  readonly isMovedOnly: boolean;
  readonly isPaused: boolean;
  readonly isHelp: boolean;
  readonly prompt: Prompt | undefined;
  /** What the last key that acts did. */
  readonly message: { readonly text: string; readonly isBad: boolean } | undefined;
  /** Whose detail is shown: that of another one is read from its begin. */
  readonly detailOf: string;
  readonly scrolls: Readonly<Record<List | 'detail' | 'help', Scroll>>;
}

const FOLLOWING: Scroll = { ...BEGIN, follows: true };

export const INITIAL: ScreenState = {
  list: 'flows',
  focus: 'list',
  isZoomed: false,
  sort: 'trouble',
  isReversed: false,
  filter: '',
  isNarrow: false,
  isMovedOnly: false,
  isPaused: false,
  isHelp: false,
  prompt: undefined,
  message: undefined,
  detailOf: '',
  scrolls: {
    flows: FOLLOWING,
    findings: FOLLOWING,
    topology: BEGIN,
    packets: FOLLOWING,
    rules: BEGIN,
    detail: BEGIN,
    help: BEGIN,
  },
};

/** What changes the state and nothing else; moving needs rows, and is the screen's. */
export type Change =
  | { readonly do: 'list'; readonly list: List }
  | { readonly do: 'next-list'; readonly by: 1 | -1 }
  | { readonly do: 'focus' }
  | { readonly do: 'zoom' }
  | { readonly do: 'back' }
  | { readonly do: 'sort' }
  | { readonly do: 'reverse' }
  | { readonly do: 'narrow' }
  | { readonly do: 'moved' }
  | { readonly do: 'pause' }
  | { readonly do: 'follow' }
  | { readonly do: 'help' }
  | { readonly do: 'prompt'; readonly kind: Prompt['kind']; readonly text: string };

export function changed(state: ScreenState, change: Change): ScreenState {
  const clear = { ...state, message: undefined };
  switch (change.do) {
    case 'list':
      return withList(clear, change.list);
    case 'next-list': {
      const at = LISTS.indexOf(state.list) + change.by + LISTS.length;
      return withList(clear, LISTS[at % LISTS.length] as List);
    }
    case 'focus':
      return { ...clear, focus: state.focus === 'list' ? 'detail' : 'list' };
    case 'zoom':
      // Of a list the detail of what was chosen opens; there the key closes it again.
      return state.focus === 'list' && !state.isZoomed
        ? { ...clear, focus: 'detail', isZoomed: true }
        : { ...clear, isZoomed: !state.isZoomed };
    case 'back':
      return backed(clear);
    case 'sort': {
      const sort = SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length] as Sort;
      return { ...clear, sort, message: { text: `sorted by ${sort}`, isBad: false } };
    }
    case 'reverse':
      return { ...clear, isReversed: !state.isReversed };
    case 'narrow':
      return { ...clear, isNarrow: !state.isNarrow };
    case 'moved':
      return { ...clear, isMovedOnly: !state.isMovedOnly };
    case 'pause':
      return { ...clear, isPaused: !state.isPaused };
    case 'follow': {
      const scroll = state.scrolls[state.list];
      return withScroll(clear, state.list, { ...scroll, follows: !scroll.follows });
    }
    case 'help':
      return { ...clear, isHelp: !state.isHelp, scrolls: { ...state.scrolls, help: BEGIN } };
    case 'prompt':
      return { ...clear, prompt: { kind: change.kind, line: lineOf(change.text) } };
  }
}

/** One thing less at a time: help, zoom, focus, narrowness, filter. */
function backed(state: ScreenState): ScreenState {
  if (state.isHelp) return { ...state, isHelp: false };
  if (state.isZoomed) return { ...state, isZoomed: false, focus: 'list' };
  if (state.focus !== 'list') return { ...state, focus: 'list' };
  if (state.isNarrow || state.isMovedOnly) return { ...state, isNarrow: false, isMovedOnly: false };
  return { ...state, filter: '' };
}

function withList(state: ScreenState, list: List): ScreenState {
  return { ...state, list, focus: 'list', isZoomed: false, isHelp: false };
}

export function withScroll(
  state: ScreenState,
  which: keyof ScreenState['scrolls'],
  scroll: Scroll,
): ScreenState {
  return { ...state, scrolls: { ...state.scrolls, [which]: scroll } };
}

/** A key while something is asked for: `undefined` for done: it goes on being typed. */
export function typed(
  state: ScreenState,
  key: string,
  text: string | undefined,
): { readonly state: ScreenState; readonly done?: Prompt } {
  const { prompt } = state;
  if (!prompt) return { state };
  if (key === 'escape' || key === 'C-c') return { state: { ...state, prompt: undefined } };
  if (key === 'enter') return { state: { ...state, prompt: undefined }, done: prompt };
  const line = edit(prompt.line, key, text);
  return { state: line ? { ...state, prompt: { kind: prompt.kind, line } } : state };
}
