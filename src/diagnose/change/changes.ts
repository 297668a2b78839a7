/** Every moment from which traffic behaves otherwise, with what changed then, as far as dumps, packets and counters tell. */
import type { Scene } from '../case.ts';
import { seenAt } from '../evidence.ts';
import type { Finding } from '../finding.ts';
import type { Change } from './change.ts';
import { countedBetween } from './counted.ts';
import { type DumpedChange, shownByDumps } from './dumped.ts';
import { momentsIn, takenAt } from './judged.ts';
import type { Moment } from './moments.ts';
import { type Shown, shownByPackets } from './shown.ts';
import { flowsOf } from './side.ts';
import { afterText, beforeText, clockTime, titleOf } from './words.ts';

export function changesOf(scene: Scene, findings: readonly Finding[]): Change[] {
  return momentsIn(scene.correlation).map((moment) => changeOf(scene, moment, findings));
}

function changeOf(scene: Scene, moment: Moment, findings: readonly Finding[]): Change {
  const [turn] = moment.turns;
  const failing = failingFlows(moment);
  const explained = findings.flatMap(({ flows }, index) =>
    flows.some((id) => failing.has(id)) ? [index] : [],
  );
  const dumped = shownByDumps(scene, moment);
  const shown = shownByPackets(scene, moment);
  const counted = dumped ? countedBetween(dumped.before, dumped.after) : [];
  const proven = isProven(dumped, moment);
  return {
    time: moment.until,
    since: moment.since,
    was: turn.was,
    became: turn.became,
    title: titleOf(moment),
    traffic: moment.turns.map(({ kind }) => kind.name),
    flows: flowsOf(moment).map(({ id }) => id),
    findings: explained,
    before: seenAt(scene, turn.last, beforeText(turn)),
    after: seenAt(scene, turn.first, afterText(turn)),
    changed: [...(dumped?.differences ?? []), ...shown.differences, ...counted],
    proven,
    text: conclusion(
      scene,
      moment,
      dumped,
      shown,
      proven,
      explained.map((index) => findings[index] as Finding),
    ),
  };
}

function failingFlows(moment: Moment): Set<number> {
  return new Set(
    moment.turns.flatMap(({ became, flowsBefore, flowsAfter }) =>
      (became === 'answered' ? flowsBefore : flowsAfter).map(({ id }) => id),
    ),
  );
}

/** The model fails on the one state and not on the other, as the captures show it. */
function isProven(dumped: DumpedChange | undefined, { turns: [{ became }] }: Moment): boolean {
  const works = became === 'answered';
  return dumped?.passed !== undefined && dumped.passed.before !== works && dumped.passed.after === works;
}

function conclusion(
  scene: Scene,
  moment: Moment,
  dumped: DumpedChange | undefined,
  shown: Shown,
  proven: boolean,
  explained: readonly Finding[],
): string {
  return [
    byDumps(scene, moment, dumped, proven),
    shown.conclusion ?? '',
    byFindings(scene, moment, dumped, shown, explained),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function byDumps(scene: Scene, moment: Moment, dumped: DumpedChange | undefined, proven: boolean): string {
  const works = moment.turns[0].became === 'answered';
  if (!dumped) return scene.states ? 'No two dumps of one kind lie on the two sides of this moment.' : '';
  const { differences, passed } = dumped;
  if (differences.length === 0) return 'The dumps before and after it show the same rules and settings.';
  const count = differences.length === 1 ? 'in one thing' : `in ${differences.length} things`;
  const lead = `${takenText(dumped)} differ ${count}.`;
  if (!passed) return `${lead} Too little else was dumped to replay the traffic with either.`;
  if (!proven)
    return `${lead} Replayed with either, the traffic ends the same way: what changed is not among them.`;
  const [was, is] = works ? ['fails', 'passes'] : ['passes', 'fails'];
  const deciding = differences.filter(({ decides }) => decides);
  if (deciding.length === 0)
    return `${lead} Replayed with the first the traffic ${was}, with the second it ${is}; no single difference does that alone.`;
  const which =
    differences.length === 1
      ? 'that'
      : deciding.length === 1
        ? 'the first of them'
        : `any of the first ${deciding.length}`;
  return `${lead} Replayed with the first the traffic ${was}; with ${which} changed, and nothing else, it ${is}.`;
}

function takenText({ before, after }: DumpedChange): string {
  if (before.taken && after.taken && before.orderBy === 'time')
    return `The dumps of ${clockTime(before.taken.last).slice(0, 8)} and ${clockTime(after.taken.first).slice(0, 8)}`;
  const weak = after.orderBy === 'modified' ? ', told apart only by when their files were written,' : '';
  return `The dumps before and after${weak}`;
}

/** Where nothing else says it: what a finding explains, or that nothing does. */
function byFindings(
  scene: Scene,
  { turns: [{ became }], since, until }: Moment,
  dumped: DumpedChange | undefined,
  shown: Shown,
  explained: readonly Finding[],
): string {
  if (dumped) return '';
  const works = became === 'answered';
  const [finding] = explained;
  const dumps = scene.inputs.dumps.length > 0;
  // Dumps that tell no time are taken to be the last thing that somebody did.
  const taken = takenAt(scene) ?? Number.POSITIVE_INFINITY;
  const when = `${taken < since ? 'after' : 'before'} ${clockTime(until).slice(0, 8)}`;
  if (finding && finding.confidence >= 0.6)
    return works ? '' : 'The dumps explain the time since then; none is of the time before.';
  const wanted = 'iptables-save -c, sysctl -a, ip route';
  if (shown.differences.length > 0 || shown.conclusion !== undefined)
    return dumps ? `No dump is of the time ${when}; one (${wanted}) would show what was different.` : '';
  return `Nothing in the packets${dumps ? ' or dumps' : ''} shows what changed; dumps from ${when} would (${wanted}).`;
}
