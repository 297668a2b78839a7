/** What each key does: the one list that the help and the screen are made of. */
import { type Change, LISTS } from './state.ts';

/** Moving, in rows or pages of the pane that has the focus. */
export interface Movement {
  readonly by: 'row' | 'page' | 'half' | 'end';
  readonly way: 1 | -1;
}

/** What reaches beyond the screen. */
export type Act = 'save' | 'report' | 'copy' | 'what-if' | 'filter' | 'suspend' | 'mouse' | 'redraw' | 'quit';

export interface Key {
  /** As blessed names them. */
  readonly keys: readonly string[];
  /** As they are written for people. */
  readonly label: string;
  readonly help: string;
  /** In the line at the bottom, where there is room: the lower the rank the sooner. */
  readonly hint?: string;
  readonly rank?: number;
  readonly change?: Change;
  readonly movement?: Movement;
  readonly act?: Act;
}

export interface Section {
  readonly title: string;
  readonly keys: readonly Key[];
}

export const SECTIONS: readonly Section[] = [
  {
    title: 'What is shown',
    keys: [
      ...LISTS.map((list, index) => ({
        keys: [String(index + 1)],
        label: String(index + 1),
        help: list,
        change: { do: 'list', list } as const,
      })),
      { keys: ['tab'], label: 'Tab', help: 'the next of them', change: { do: 'next-list', by: 1 } },
      { keys: ['S-tab'], label: 'Shift-Tab', help: 'the one before', change: { do: 'next-list', by: -1 } },
      {
        keys: ['enter'],
        label: 'Enter',
        help: 'all of what is chosen, and the list again',
        hint: 'more',
        rank: 4,
        change: { do: 'zoom' },
      },
      {
        keys: ['w', 'C-w'],
        label: 'w',
        help: 'the other pane: the keys below move in it',
        change: { do: 'focus' },
      },
      {
        keys: ['escape'],
        label: 'Esc',
        help: 'back: out of that, a what-if, a filter',
        change: { do: 'back' },
      },
      {
        keys: ['o'],
        label: 'o',
        help: 'packets and rules of the chosen flow only, or of all',
        change: { do: 'narrow' },
      },
      {
        keys: ['+'],
        label: '+',
        help: 'rules whose counters moved only, or all',
        change: { do: 'moved' },
      },
      {
        keys: ['?', 'h', 'f1'],
        label: '?',
        help: 'these keys',
        hint: 'keys',
        rank: 1,
        change: { do: 'help' },
      },
    ],
  },
  {
    title: 'Moving',
    keys: [
      { keys: ['j', 'down'], label: 'j ↓', help: 'down', movement: { by: 'row', way: 1 } },
      { keys: ['k', 'up'], label: 'k ↑', help: 'up', movement: { by: 'row', way: -1 } },
      {
        keys: ['C-f', 'pagedown', 'space'],
        label: 'Space PgDn ^F',
        help: 'a page down',
        movement: { by: 'page', way: 1 },
      },
      { keys: ['C-b', 'pageup'], label: 'PgUp ^B', help: 'a page up', movement: { by: 'page', way: -1 } },
      { keys: ['C-d'], label: '^D', help: 'half a page down', movement: { by: 'half', way: 1 } },
      { keys: ['C-u'], label: '^U', help: 'half a page up', movement: { by: 'half', way: -1 } },
      { keys: ['g', 'home'], label: 'g Home', help: 'to the first', movement: { by: 'end', way: -1 } },
      { keys: ['S-g', 'end'], label: 'G End', help: 'to the last', movement: { by: 'end', way: 1 } },
    ],
  },
  {
    title: 'Choosing',
    keys: [
      {
        keys: ['/'],
        label: '/',
        help: 'filter: tcp port 80, host web, 10.0.0.2 > 8.8.8.8:53, or any word of a row',
        hint: 'filter',
        rank: 3,
        act: 'filter',
      },
      {
        keys: ['s'],
        label: 's',
        help: 'sort by the next column',
        hint: 'sort',
        rank: 9,
        change: { do: 'sort' },
      },
      { keys: ['S-s'], label: 'S', help: 'sort the other way round', change: { do: 'reverse' } },
      {
        keys: ['p'],
        label: 'p',
        help: 'pause: what is shown stays, the capture goes on',
        hint: 'pause',
        rank: 6,
        change: { do: 'pause' },
      },
      {
        keys: ['f'],
        label: 'f',
        help: 'follow: the newest row is the chosen one',
        change: { do: 'follow' },
      },
    ],
  },
  {
    title: 'Doing',
    keys: [
      { keys: ['y'], label: 'y', help: 'copy the fix', hint: 'copy fix', rank: 5, act: 'copy' },
      {
        keys: ['t'],
        label: 't',
        help: 'what if: a command, tried on the model of this host, never on the host',
        hint: 'what if',
        rank: 7,
        act: 'what-if',
      },
      { keys: ['b'], label: 'b', help: 'save a bundle of it all', hint: 'bundle', rank: 8, act: 'save' },
      { keys: ['r'], label: 'r', help: 'the report, as a page', hint: 'report', rank: 10, act: 'report' },
      {
        keys: ['m'],
        label: 'm',
        help: 'leave the mouse to the terminal, or take it again',
        act: 'mouse',
      },
      { keys: ['C-l'], label: '^L', help: 'draw anew', act: 'redraw' },
      { keys: ['C-z'], label: '^Z', help: 'to the shell; fg comes back', act: 'suspend' },
      { keys: ['q', 'C-c'], label: 'q ^C', help: 'quit', hint: 'quit', rank: 2, act: 'quit' },
    ],
  },
];

const BY_KEY = new Map(
  SECTIONS.flatMap(({ keys }) => keys.flatMap((each) => each.keys.map((name) => [name, each] as const))),
);

export function keyNamed(name: string): Key | undefined {
  return BY_KEY.get(name);
}

const HINTS: readonly Key[] = SECTIONS.flatMap(({ keys }) => keys).filter(({ hint }) => hint !== undefined);

/** Those that `width` columns have room for, in the order of the help. */
export function hintsWithin(width: number, room: (key: Key) => number): readonly Key[] {
  const chosen = new Set<Key>();
  let used = 0;
  for (const key of HINTS.toSorted((left, right) => (left.rank ?? 0) - (right.rank ?? 0))) {
    used += room(key);
    if (used > width) break;
    chosen.add(key);
  }
  return HINTS.filter((key) => chosen.has(key));
}
