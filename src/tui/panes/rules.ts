/** The rules that packets meet, with their counters as they move, and those that the chosen flow hits. */
import { printable } from '../../base/printable.ts';
import type { LiveFlow } from '../../live/flow-book.ts';
import type { ChainRead, RuleCount } from '../../live/rule-book.ts';
import type { Style } from '../../report/text/style.ts';
import { thousands } from '../../report/text/summary.ts';
import { displayWidth } from '../../report/text/width.ts';
import type { ScreenData } from '../data.ts';
import { clip } from '../fold.ts';
import type { Pane, PaneRoom } from '../pane.ts';
import { type Column, layColumns, rowOf } from '../table.ts';
import { count } from './flows.ts';
import { keyOf, type RuleHit, type RuleHits, ruleHits } from './rule-hits.ts';

export interface RulesView {
  /** Whose rules are marked. */
  readonly flow?: LiveFlow;
  /** Only those. */
  readonly isHitOnly?: boolean;
  /** Only those whose counters moved between the last two readings. */
  readonly isMovedOnly?: boolean;
}

/**
 * A chain's rows: its title, and those of its rules that are shown, by their number from 0; the policy is behind the last. One that has
 * nothing but a policy that accepts is a row alone.
 */
interface Group {
  readonly chain: ChainRead;
  readonly key: string;
  readonly hits: ReadonlyMap<number, RuleHit> | undefined;
  /** Of all rows. */
  readonly first: number;
  readonly hasTitle: boolean;
  /** Absent: all. */
  readonly shown?: readonly number[];
  readonly rows: number;
}

const NO_HITS: RuleHits = new Map();

export function rulesPane({ rules }: ScreenData, { width, style }: PaneRoom, view: RulesView = {}): Pane {
  const { flow } = view;
  const groups = groupsOf(rules.chains, flow ? ruleHits(flow.flow) : NO_HITS, view);
  const columns = layColumns(COLUMNS, width);
  const rows = groups.reduce((sum, group) => sum + group.rows, 0);
  const at = (index: number) => placeOf(groups, index);
  return {
    title: titleOf(rules.chains, rules.span, view),
    header: clip(
      rowOf(columns, ({ title }) => style.dim(title)),
      width,
    ),
    rows,
    row: (index) => {
      const place = at(index);
      if (!place) return '';
      const { chain, hits } = place.group;
      const { rule } = place;
      if (rule === undefined) return clip(titleText(chain, style), width);
      const shown = { chain, rule, count: chain.countOf(rule), hit: hits?.get(numberOf(chain, rule)) };
      return clip(
        rowOf(columns, (column, columnRoom) => column.cell(shown, style, columnRoom)),
        width,
      );
    },
    keyOf: (index) => {
      const place = at(index);
      return place ? keyAt(place) : '';
    },
    newest: 'first',
    empty: emptyText(view),
  };
}

function groupsOf(
  chains: readonly ChainRead[],
  hits: RuleHits,
  { isHitOnly = false, isMovedOnly = false }: RulesView,
): Group[] {
  let first = 0;
  return chains.flatMap((chain) => {
    const key = keyOf(chain.namespace, chain.form);
    const own = hits.get(key);
    const moved = isMovedOnly ? chain.moved() : undefined;
    const shown = isHitOnly ? hitOf(chain, own, moved) : moved;
    if (shown?.length === 0) return [];
    const hasTitle = !isOpen(chain);
    const rows = (shown?.length ?? lengthOf(chain)) + (hasTitle ? 1 : 0);
    const group = { chain, key, hits: own, hasTitle, first, rows, ...(shown && { shown }) };
    first += rows;
    return [group];
  });
}

/** As they are numbered in a group. */
function hitOf(
  { form: { slots } }: ChainRead,
  hits: Group['hits'],
  of: readonly number[] | undefined,
): number[] {
  const rules = [...(hits?.keys() ?? [])].map((number) => (number === 0 ? slots.length : number - 1));
  return rules.filter((rule) => !of || of.includes(rule)).toSorted((left, right) => left - right);
}

/** From 1; 0 is the policy. */
function numberOf({ form: { slots } }: ChainRead, rule: number): number {
  return rule === slots.length ? 0 : rule + 1;
}

function isOpen({ form: { slots, policy } }: ChainRead): boolean {
  return slots.length === 0 && policy === 'ACCEPT';
}

/** Rules, and the policy. */
function lengthOf({ form: { slots, policy } }: ChainRead): number {
  return slots.length + (policy === undefined ? 0 : 1);
}

/** Undefined as `rule`: the title. */
interface PlaceInGroup {
  readonly group: Group;
  readonly rule: number | undefined;
}

function placeOf(groups: readonly Group[], index: number): PlaceInGroup | undefined {
  let [low, high] = [0, groups.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const group = groups[middle] as Group;
    if (group.first + group.rows <= index) low = middle + 1;
    else high = middle;
  }
  const group = groups[low];
  if (!group || index < group.first) return undefined;
  const row = index - group.first - (group.hasTitle ? 1 : 0);
  return { group, rule: row < 0 ? undefined : group.shown ? group.shown[row] : row };
}

function keyAt({ group: { chain, key }, rule }: PlaceInGroup): string {
  return rule === undefined ? key : `${key} ${numberOf(chain, rule)}`;
}

function emptyText({ flow, isHitOnly, isMovedOnly }: RulesView): string {
  if (isMovedOnly && isHitOnly) return 'No counter of a rule that the flow hits moved of late.';
  if (isMovedOnly) return 'No counter of a rule moved since the reading before.';
  if (isHitOnly) return flow ? 'The flow hits no rule.' : 'No flow is chosen.';
  return 'No rules are read yet, or there are none where packets pass.';
}

function titleOf(
  chains: readonly ChainRead[],
  span: number | undefined,
  { flow, isHitOnly, isMovedOnly }: RulesView,
): string {
  const rules = chains.reduce((sum, { form: { slots } }) => sum + slots.length, 0);
  const parts = [
    `${thousands(rules)} rules`,
    ...(isMovedOnly ? ['those that moved'] : []),
    ...(span === undefined ? [] : [`+ in ${span.toFixed(1)} s`]),
    ...(flow ? [`${isHitOnly ? 'those of' : '→ ←'} flow ${flow.id}`] : []),
  ];
  return parts.join(' · ');
}

/** `host filter FORWARD`, with the family where that isn't IPv4. */
function chainText({ namespace, form: { family, table, chain } }: ChainRead, style: Style): string {
  const of = family === 'ip' ? '' : `${family} `;
  return `${style.name(printable(namespace))} ${style.bold(printable(`${of}${table} ${chain}`))}`;
}

/** `host filter FORWARD  hook forward at 0`, with the tool where that isn't iptables-nft. */
function titleText(read: ChainRead, style: Style): string {
  const { form } = read;
  const { by, hook, priority } = form;
  const notes = [
    ...(hook === undefined ? [] : [`hook ${hook} at ${priority}`]),
    ...(by === 'iptables-legacy' ? ['legacy'] : by === 'nft' ? ['nft'] : []),
  ];
  return `${chainText(read, style)}${notes.length === 0 ? '' : `  ${style.dim(printable(notes.join(', ')))}`}`;
}

interface Shown {
  readonly chain: ChainRead;
  readonly rule: number;
  readonly count: RuleCount | undefined;
  readonly hit: RuleHit | undefined;
}

interface RuleColumn extends Column {
  /** Painted; `room`: columns that it has. */
  cell(shown: Shown, style: Style, room: number): string;
}

const COLUMNS: readonly RuleColumn[] = [
  { title: '', width: 1, cell: ({ hit }, style) => (hit ? paintOf(hit, style)(signOf(hit)) : '') },
  { title: 'pkts', width: 5, isRight: true, cell: ({ count: now }) => (now ? count(now.packets) : '-') },
  { title: 'bytes', width: 5, isRight: true, cell: ({ count: now }) => (now ? count(now.bytes) : '-') },
  {
    title: '+pkts',
    width: 6,
    isRight: true,
    cell: ({ count: now }, style) => (now?.morePackets ? style.command(`+${count(now.morePackets)}`) : ''),
  },
  {
    title: '+bytes',
    width: 6,
    isRight: true,
    from: 120,
    cell: ({ count: now }, style) => (now?.moreBytes ? style.command(`+${count(now.moreBytes)}`) : ''),
  },
  {
    title: 'flow',
    width: 10,
    grows: 24,
    from: 120,
    cell: ({ hit }, style) => (hit ? paintOf(hit, style)(printable(hit.verdict)) : ''),
  },
  {
    title: 'no',
    width: 5,
    isRight: true,
    cell: ({ chain, rule }, style) => style.dim(rule === chain.form.slots.length ? '' : String(rule + 1)),
  },
  {
    title: 'rule',
    width: 20,
    grows: 1000,
    cell: ({ chain, rule, hit }, style, room) => {
      const { form } = chain;
      if (isOpen(chain)) return `${chainText(chain, style)}: policy ACCEPT`;
      const text = rule === form.slots.length ? `policy ${form.policy}` : form.textOf(rule);
      const shown = withEnd(printable(text), room);
      return hit?.isFatal ? style.bad(shown) : shown;
    },
  },
];

/** What a rule does stands at its end. */
const DOES = / (?:-[jg] \S.*|(?:accept|drop|return|continue|reject.*|(?:jump|goto) \S+)(?: comment ".*")?)$/;

/** What doesn't fit is left out of the middle, so that it is seen what the rule does. */
function withEnd(text: string, room: number): string {
  const end = DOES.exec(text)?.[0] ?? '';
  if (displayWidth(text) <= room || displayWidth(end) > room / 2) return text;
  return `${clip(text.slice(0, -end.length), room - displayWidth(end))}${end}`;
}

/** There, back, both; and where it ends. */
function signOf({ isThere, isBack, isFatal }: RuleHit): string {
  if (isFatal) return '✗';
  return isThere && isBack ? '⇄' : isBack ? '←' : '→';
}

function paintOf({ isFatal }: RuleHit, style: Style): (text: string) => string {
  return isFatal ? style.bad : style.good;
}
