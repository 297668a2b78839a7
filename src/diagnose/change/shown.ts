/** What the packets themselves show to be different from a moment on. */
import type { Sighting } from '../../correlate/flow.ts';
import type { Point } from '../../correlate/points.ts';
import { hostOf, isRoot } from '../../input/host.ts';
import { formatIp } from '../../net/ip.ts';
import { formatMac } from '../../net/mac.ts';
import type { Scene } from '../case.ts';
import { seenAt } from '../evidence.ts';
import type { Evidence } from '../finding.ts';
import type { Difference } from './change.ts';
import type { Moment } from './moments.ts';
import { flowsOf, type PointView, viewsOf, watchedAfter, watchedBefore } from './side.ts';

export interface Shown {
  readonly differences: readonly Difference[];
  /** Where, by what the packets show, it changed; undefined when they show nothing. */
  readonly conclusion?: string;
}

export function shownByPackets(scene: Scene, moment: Moment): Shown {
  const there = viewsOf(scene, moment, 'forward');
  const back = viewsOf(scene, moment, 'reply');
  const differences = [
    ...there.flatMap((view) => translation(scene, view)),
    ...there.flatMap((view) => nextHop(scene, view)),
    ...there.flatMap((view) => hopLimit(scene, view, 'the request')),
    ...reachDifferences(scene, moment, there),
    ...refusals(scene, moment, back),
    ...errors(scene, moment),
    ...answers(scene, moment),
    ...back.flatMap((view) => answerer(scene, view)),
  ];
  const conclusion = conclude(moment, there, back, differences);
  return { differences, ...(conclusion !== undefined && { conclusion }) };
}

function at(point: Point): string {
  return `${point.namespace}:${point.interface}`;
}

function pair(scene: Scene, left: Sighting, right: Sighting, was: string, became: string): Evidence[] {
  return [seenAt(scene, left, was), seenAt(scene, right, became)];
}

/** Source or destination at this point, where it had one before and has another since. */
function translation(scene: Scene, { point, before, after }: PointView): Difference[] {
  return (['source', 'destination'] as const).flatMap((end) => {
    const [left, right] = [before.at(-1), after[0]];
    if (!left || !right) return [];
    const known = new Set(before.map((seen) => seen[end]));
    if (known.has(right[end]) || after.some((seen) => seen[end] === left[end])) return [];
    const [was, became] = [formatIp(left[end]), formatIp(right[end])];
    return [
      {
        shownBy: 'packets',
        text: `NAT: on ${at(point)} the requests have the ${end} ${became}, before it was ${was}`,
        evidence: pair(scene, left, right, `${end} ${was}`, `${end} ${became}`),
      },
    ];
  });
}

function nextHop(scene: Scene, { point, before, after }: PointView): Difference[] {
  const [left, right] = [before.at(-1), after[0]];
  const [was, became] = [left?.etherDestination, right?.etherDestination];
  if (!left || !right || was === undefined || became === undefined) return [];
  if (before.some((seen) => seen.etherDestination === became)) return [];
  return [
    {
      shownBy: 'packets',
      text: `another next hop: on ${at(point)} the requests go to the MAC ${formatMac(became)}, before to ${formatMac(was)}`,
      evidence: pair(scene, left, right, `to ${formatMac(was)}`, `to ${formatMac(became)}`),
    },
  ];
}

function hopLimit(scene: Scene, { point, before, after }: PointView, what: string): Difference[] {
  const [left, right] = [before.at(-1), after[0]];
  if (left?.ttl === undefined || right?.ttl === undefined) return [];
  if (before.some((seen) => seen.ttl === right.ttl)) return [];
  return [
    {
      shownBy: 'packets',
      text: `${what} has TTL ${right.ttl} on ${at(point)}, before ${left.ttl}: it takes another way there`,
      evidence: pair(scene, left, right, `TTL ${left.ttl}`, `TTL ${right.ttl}`),
    },
  ];
}

/** Points that the requests reach only since, or only until, the moment; and were capturing all the time. */
function reachDifferences(scene: Scene, moment: Moment, views: readonly PointView[]): Difference[] {
  return views.flatMap((view): Difference[] => {
    const { point, before, after } = view;
    const [first, last] = [after[0], before.at(-1)];
    if (first && !last) {
      const before = watchedBefore(view, moment)
        ? 'before, none was'
        : 'its capture has no packet at all of the time before';
      return [
        {
          shownBy: 'packets',
          text: `the requests are seen on ${at(point)} from then on; ${before}`,
          evidence: [seenAt(scene, first, `the first one on ${at(point)}`)],
        },
      ];
    }
    if (last && !first && watchedAfter(view, moment)) {
      return [
        {
          shownBy: 'packets',
          text: `the requests are no longer seen on ${at(point)}; before, they were`,
          evidence: [seenAt(scene, last, `the last one on ${at(point)}`)],
        },
      ];
    }
    return [];
  });
}

/** RSTs on one side of the moment, accepted connections on the other: who sends them. */
function refusals(scene: Scene, moment: Moment, back: readonly PointView[]): Difference[] {
  const isRst = (seen: Sighting) => ((seen.tcpFlags ?? 0) & 4) !== 0;
  const isAccepted = (seen: Sighting) => ((seen.tcpFlags ?? 0) & 0x12) === 0x12;
  const [turn] = moment.turns;
  if (turn.was !== 'refused' && turn.became !== 'refused') return [];
  const view = back[0];
  if (!view) return [];
  const [refusing, accepting] =
    turn.was === 'refused' ? [view.before, view.after] : [view.after, view.before];
  const rst = refusing.find(isRst);
  const accepted = accepting.find(isAccepted);
  if (rst?.ttl === undefined || accepted?.ttl === undefined) return [];
  const same = rst.etherSource === accepted.etherSource && rst.ttl === accepted.ttl;
  const text = same
    ? `RST and SYN-ACK come from the same place (TTL ${rst.ttl} and MAC are equal): a process there ${turn.was === 'refused' ? 'began to listen' : 'ceased to listen'}, or a rule there rejected`
    : `the refusal and the answer come from different places: TTL ${rst.ttl} and ${accepted.ttl}${macs(rst, accepted)}`;
  return [
    {
      shownBy: 'packets',
      text,
      evidence: [seenAt(scene, rst, 'a RST'), seenAt(scene, accepted, 'a SYN-ACK')],
    },
  ];
}

function macs(left: Sighting, right: Sighting): string {
  if (left.etherSource === undefined || right.etherSource === undefined) return '';
  if (left.etherSource === right.etherSource) return '';
  return `, MAC ${formatMac(left.etherSource)} and ${formatMac(right.etherSource)}`;
}

/** ICMP errors about it that came on one side only. */
function errors(scene: Scene, moment: Moment): Difference[] {
  const told = flowsOf(moment).flatMap((flow) => flow.errors);
  const before = told.filter(({ sighting }) => sighting.time < moment.until);
  const after = told.filter(({ sighting }) => sighting.time >= moment.until);
  if ((before.length === 0) === (after.length === 0)) return [];
  const [error] = before.length > 0 ? [before.at(-1)] : after;
  if (!error) return [];
  const name = `ICMP ${error.type}/${error.code} from ${formatIp(error.from)}`;
  return [
    {
      shownBy: 'packets',
      text: before.length > 0 ? `${name} ceases` : `${name} begins`,
      evidence: [seenAt(scene, error.sighting, before.length > 0 ? `the last ${name}` : `the first ${name}`)],
    },
  ];
}

/** ARP questions that nobody answered, and somebody answers since; or another one does. */
function answers(scene: Scene, moment: Moment): Difference[] {
  return scene.correlation.arp.flatMap(({ target, requests, replies }): Difference[] => {
    const before = replies.filter(({ sighting }) => sighting.time < moment.since);
    const around = replies.filter(({ sighting }) => sighting.time >= moment.since);
    const [first] = around;
    const asked = requests.filter(({ time }) => time < moment.since);
    const name = formatIp(target);
    if (first && before.length === 0 && asked.length >= 2 && first.sighting.time <= moment.until + 1) {
      const [question] = asked;
      return [
        {
          shownBy: 'packets',
          text: `${name} answers ARP (${formatMac(first.mac)}); before, nobody did`,
          evidence: [
            ...(question ? [seenAt(scene, question, `who has ${name}? Not answered`)] : []),
            seenAt(scene, first.sighting, `${name} is at ${formatMac(first.mac)}`),
          ],
        },
      ];
    }
    const last = before.at(-1);
    const other = around.find(({ mac }) => before.every((reply) => reply.mac !== mac));
    if (!last || !other || other.sighting.time > moment.until + 1) return [];
    return [
      {
        shownBy: 'packets',
        text: `${name} is at ${formatMac(other.mac)}, before at ${formatMac(last.mac)}`,
        evidence: pair(
          scene,
          last.sighting,
          other.sighting,
          `${name} is at ${formatMac(last.mac)}`,
          `${name} is at ${formatMac(other.mac)}`,
        ),
      },
    ];
  });
}

/** The answers' MAC and TTL, where there were answers on both sides: somebody else answers. */
function answerer(scene: Scene, view: PointView): Difference[] {
  const { point, before, after } = view;
  const accepted = (seen: Sighting) => ((seen.tcpFlags ?? 0) & 4) === 0;
  const [left, right] = [before.findLast(accepted), after.find(accepted)];
  if (!left || !right || left.etherSource === undefined || right.etherSource === undefined) return [];
  if (before.some((seen) => seen.etherSource === right.etherSource)) return [];
  return [
    {
      shownBy: 'packets',
      text: `the answers on ${at(point)} come from the MAC ${formatMac(right.etherSource)}, before from ${formatMac(left.etherSource)}`,
      evidence: pair(scene, left, right, 'an answer before', 'an answer since'),
    },
  ];
}

function conclude(
  moment: Moment,
  there: readonly PointView[],
  back: readonly PointView[],
  differences: readonly Difference[],
): string | undefined {
  const works = moment.turns[0].became === 'answered';
  const failing = (view: PointView) => (works ? view.before : view.after);
  const working = (view: PointView) => (works ? view.after : view.before);
  const when = works ? 'Until then' : 'Since then';
  const lost = there.findIndex((view) => failing(view).length === 0 && working(view).length > 0);
  const [last, next] = [there[lost - 1], there[lost]];
  if (last && next && failing(last).length > 0) {
    const place = last.point.namespace === next.point.namespace ? `in ${nameOf(last.point)}` : 'there';
    const watched = works ? watchedBefore(next, moment) : watchedAfter(next, moment);
    const condition = watched ? '' : `, if the capture on ${at(next.point)} was running then`;
    return `${when} the requests end between ${at(last.point)} and ${at(next.point)}${condition}; what changed is ${place}.`;
  }
  const home = back.find((view) => working(view).length > 0 && failing(view).length === 0);
  const out = there.at(-1);
  const lostBack = back.find((view) => failing(view).length > 0);
  if (lostBack && home)
    return `${when} answers come as far as ${at(lostBack.point)} and not to ${at(home.point)}; what changed lies between the two.`;
  if (differences.length > 0 || !out || failing(out).length === 0) return undefined;
  const verb = works ? 'began' : 'ceased';
  return `The requests pass ${at(out.point)} before and since alike: same addresses, next hop and TTL. What ${verb} to answer lies beyond it.`;
}

function nameOf({ namespace }: Point): string {
  return isRoot(namespace) ? (hostOf(namespace) ?? 'the host') : namespace;
}
