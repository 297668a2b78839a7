/** A packet's path drawn: a namespace after the other, in, the rules that matched, out, and where it died. */
import { printable } from '../../base/printable.ts';
import type { Hop, Step } from '../../netstack/hop.ts';
import type { RailRow } from './rail.ts';
import type { Look, Looker } from './sightings.ts';
import { type Notation, rowsOfSteps } from './steps.ts';
import type { Places } from './traversal.ts';

/** Between the parts of a row's text; `wrap` takes runs of ordinary spaces for one. */
const GAP = '\u00a0\u00a0 ';

export interface PathView {
  readonly notation: Notation;
  /** `web (container shop-web-1)` for a namespace's name. */
  readonly nameOf: (namespace: string) => string;
  readonly lookAt: Looker;
  /** Say of every interface whether the packet was captured there. Default: true. */
  readonly withCaptures?: boolean;
  readonly places: Places;
  /** A file's path as the report shows it. */
  readonly shorten: (path: string) => string;
}

/** Rows for `drawRail`; `drawn` collects the points (`host:br0`) that they mention. */
export function pathRows(hops: readonly Hop[], view: PathView, drawn = new Set<string>()): RailRow[] {
  let dead = false;
  const line = hops.filter((hop) => !hop.copy);
  // A bridge's copies to others may be seen there, which says nothing of this one.
  for (const { namespace, ...hop } of hops.filter((each) => each.copy)) {
    for (const device of [hop.in, hop.physin, hop.out, hop.physout]) drawn.add(`${namespace}:${device}`);
  }
  const visits = new Map<string, number>();
  const skipped = line.filter((hop, index) => isRepeated(hop, index === line.length - 1, visits)).length;
  visits.clear();
  let told = false;
  return line.flatMap((hop, index) => {
    if (isRepeated(hop, index === line.length - 1, visits)) {
      if (told) return [];
      told = true;
      const text = `${skipped} more hops, round and round by the same interfaces`;
      return [{ mark: 'beyond', label: '…', text, tone: 'dim' } satisfies RailRow];
    }
    const rows: RailRow[] = [{ mark: 'begin', label: view.nameOf(hop.namespace), text: '', tone: 'name' }];
    rows.push(...entryRows(hop, view, drawn));
    const inDevice = hop.steps.filter(isInDevice);
    const rowsOf = (steps: readonly Step[]) => rowsOfSteps(steps, view.notation, view.places);
    const steps = rowsOf(hop.steps.filter((step) => !isInDevice(step)));
    const last = index === line.length - 1;
    rows.push(...steps);
    dead ||= hop.steps.some(({ kind }) => kind === 'given-up') || steps.some((row) => row.mark === 'death');
    if (!dead || hop.out !== undefined) {
      const exit = exitRows(hop, last, dead, view, drawn);
      const behind = rowsOf(inDevice);
      dead ||= behind.some((row) => row.mark === 'death');
      // What a tunnel sends on begins its own way: the end is not here.
      const passed = exit.map((row) => (behind.length > 0 && row.mark === 'end' ? within(row) : row));
      rows.push(...passed, ...behind);
    }
    return rows;
  });
}

/** What a tunnel device does comes behind the point at which a capture of it sees the packet. */
function isInDevice(step: Step): boolean {
  return (
    (step.kind === 'tunnel' && step.action === 'encapsulate') ||
    (step.kind === 'drop' && step.device !== undefined)
  );
}

function within(row: RailRow): RailRow {
  return { ...row, mark: 'within' };
}

/** A packet in a loop passes the same interfaces again; the third time says nothing new. The last hop, where it ends, is shown. */
function isRepeated(hop: Hop, last: boolean, visits: Map<string, number>): boolean {
  const key = `${hop.namespace} ${hop.in} ${hop.out} ${hop.nexthop}`;
  const visit = (visits.get(key) ?? 0) + 1;
  visits.set(key, visit);
  return visit > 2 && !last;
}

function entryRows(hop: Hop, view: PathView, drawn: Set<string>): RailRow[] {
  const device = hop.in ?? hop.physin;
  if (device === undefined) return [{ mark: 'within', label: 'sent', text: 'locally', tone: 'dim' }];
  const rows: RailRow[] = [];
  if (hop.physin !== undefined && hop.physin !== device) {
    const looks = lookAt(hop.namespace, hop.physin, view, drawn);
    if (looks.length > 0) rows.push(...tapRows('in', hop.physin, '', looks, false, view));
  }
  const port = hop.physin !== undefined && hop.physin !== device ? `port ${printable(hop.physin)}` : '';
  rows.push(...tapRows('in', device, port, lookAt(hop.namespace, device, view, drawn), false, view));
  return rows;
}

function exitRows(hop: Hop, last: boolean, dead: boolean, view: PathView, drawn: Set<string>): RailRow[] {
  const device = hop.out ?? hop.physout;
  if (device === undefined) {
    const local = hop.steps.some((step) => step.kind === 'route' && step.decision === 'local');
    const bridged = hop.steps.some((step) => step.kind === 'bridge' && step.action === 'deliver');
    return last && (local || bridged)
      ? [{ mark: 'end', label: 'arrives', text: 'at the local stack', tone: 'good' }]
      : [];
  }
  const port = hop.physout ?? bridgedTo(hop);
  const below = port === undefined || port === device ? undefined : port;
  const looks = lookAt(hop.namespace, device, view, drawn);
  const rows = tapRows('out', device, portText(below), looks, dead, view, hop.nexthop);
  if (below !== undefined) {
    const looksBelow = lookAt(hop.namespace, below, view, drawn);
    if (looksBelow.length > 0) rows.push(...tapRows('out', below, '', looksBelow, dead, view));
  }
  return rows.map((row, index) => (index === rows.length - 1 && !dead ? { ...row, mark: 'end' } : row));
}

/** The port by which a bridge sent on what its host gave it: netfilter names none then. */
function bridgedTo(hop: Hop): string | undefined {
  const step = hop.steps.findLast((each) => each.kind === 'bridge');
  return step?.kind === 'bridge' && step.action === 'forward' ? step.port : undefined;
}

function portText(port: string | undefined): string {
  return port === undefined ? '' : `port ${printable(port)}`;
}

function lookAt(namespace: string, device: string, view: PathView, drawn: Set<string>): readonly Look[] {
  drawn.add(`${namespace}:${device}`);
  // A capture of all interfaces of the namespace has been looked at then, too.
  drawn.add(`${namespace}:any`);
  return view.lookAt(namespace, device);
}

function tapRows(
  direction: 'in' | 'out',
  device: string,
  port: string,
  looks: readonly Look[],
  dead: boolean,
  view: PathView,
  nexthop?: string,
): RailRow[] {
  const label = `${direction} ${printable(device)}`;
  const mark = dead ? 'beyond' : 'within';
  const to = nexthop === undefined ? '' : `next hop ${printable(nexthop)}`;
  const about = [port, to].filter((part) => part !== '').join(', ');
  if (looks.length === 0) {
    if (view.withCaptures === false) return [{ mark, label, text: about }];
    return [{ mark, label, text: `· not captured${about === '' ? '' : `${GAP}${about}`}`, tone: 'dim' }];
  }
  return looks.map((look, index) => {
    const file = printable(view.shorten(look.path));
    const seen = look.packets > 0;
    const said = seen ? `✓ ${look.packets} packet${look.packets === 1 ? '' : 's'}` : '✗ not seen';
    const rest = index === 0 && about !== '' ? `${GAP}${about}` : '';
    return {
      mark,
      label: index === 0 ? label : '',
      text: `${said}${GAP}${file}${rest}`,
      tone: seen ? 'good' : 'bad',
    };
  });
}
