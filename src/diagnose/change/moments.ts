/** Where traffic of one kind turns: it failed and works from then on, or it worked and fails, or fails otherwise. */
import type { Flow, Sighting } from '../../correlate/flow.ts';
import type { Behaviour } from './change.ts';
import type { Kind, Trial } from './trials.ts';

/** One kind's turn. */
export interface Turn {
  readonly kind: Kind;
  readonly was: Behaviour;
  readonly became: Behaviour;
  /** The last question that fared as before, and the first that didn't; with what came of them. */
  readonly last: Sighting;
  readonly lastReply?: Sighting | undefined;
  readonly first: Sighting;
  readonly firstReply?: Sighting | undefined;
  /** Questions on either side. */
  readonly before: number;
  readonly after: number;
  readonly flowsBefore: readonly Flow[];
  readonly flowsAfter: readonly Flow[];
}

/** Kinds that turned the same way at the same time: one moment. */
export interface Moment {
  readonly turns: readonly [Turn, ...Turn[]];
  /** Epoch seconds: it lies between the two. */
  readonly since: number;
  readonly until: number;
}

/** Fewer questions, or a shorter silence, are an accident: a lost packet, a slow start, the end of the capture. */
const WEIGHT = 3;
const SECONDS = 1;
/** Where silence proves little. */
const WEIGHT_ONE_WAY = 5;
/** What comes and goes more often has no moment. */
const TURNS = 3;

export function momentsOf(kinds: readonly Kind[]): Moment[] {
  const turns = kinds.flatMap(turnsOf).toSorted((left, right) => left.first.time - right.first.time);
  const moments: { turns: [Turn, ...Turn[]]; since: number; until: number }[] = [];
  for (const turn of turns) {
    const [since, until] = [turn.last.time, turn.first.time];
    const known = moments.find(
      (moment) =>
        moment.turns.every((other) => (other.became === 'answered') === (turn.became === 'answered')) &&
        since < moment.until &&
        until > moment.since,
    );
    if (known) {
      known.turns.push(turn);
      known.since = Math.max(known.since, since);
      known.until = Math.min(known.until, until);
    } else moments.push({ turns: [turn], since, until });
  }
  return moments;
}

interface Stretch {
  result: Behaviour;
  readonly trials: Trial[];
}

function turnsOf(kind: Kind): Turn[] {
  let stretches = joined(kind.trials.map((trial) => ({ result: trial.result, trials: [trial] })));
  for (;;) {
    const weak = stretches
      .map((stretch, index) => ({
        index,
        weight: weightOf(stretch),
        accident: isAccident(kind, stretches, index),
      }))
      .filter(({ accident }) => accident)
      .toSorted((left, right) => left.weight - right.weight)[0];
    if (!weak) break;
    stretches = joined(stretches.filter((_, index) => index !== weak.index));
  }
  if (stretches.length > TURNS + 1) return [];
  return stretches.slice(1).flatMap((after, index) => {
    const before = stretches[index] as Stretch;
    return turn(kind, before, after) ?? [];
  });
}

function turn(kind: Kind, before: Stretch, after: Stretch): Turn | undefined {
  const last = before.trials.at(-1);
  const first = after.trials[0];
  if (!last || !first || first.first.time <= last.last.time) return undefined;
  return {
    kind,
    was: before.result,
    became: after.result,
    last: last.last,
    lastReply: last.lastReply ?? last.reply,
    first: first.first,
    firstReply: first.reply,
    before: countOf(before),
    after: countOf(after),
    flowsBefore: [...new Set(before.trials.map(({ flow }) => flow))],
    flowsAfter: [...new Set(after.trials.map(({ flow }) => flow))],
  };
}

function joined(stretches: readonly Stretch[]): Stretch[] {
  const result: Stretch[] = [];
  for (const { result: behaviour, trials } of stretches) {
    const last = result.at(-1);
    if (last?.result === behaviour) last.trials.push(...trials);
    else result.push({ result: behaviour, trials: [...trials] });
  }
  return result;
}

function isAccident(kind: Kind, stretches: readonly Stretch[], index: number): boolean {
  const stretch = stretches[index] as Stretch;
  const weight = weightOf(stretch);
  if (weight < WEIGHT) return true;
  if (stretch.result !== 'silent') return false;
  if (kind.oneWay && (weight < WEIGHT_ONE_WAY || !oneToOne(kind))) return true;
  const begin = stretch.trials[0]?.first.time ?? 0;
  const end = stretches[index + 1]?.trials[0]?.first.time ?? stretch.trials.at(-1)?.last.time ?? begin;
  return end - begin < SECONDS;
}

/** Datagrams that are questions: while they are answered at all, nearly each is. */
function oneToOne({ trials }: Kind): boolean {
  return trials.filter(({ result, weight }) => result === 'silent' && weight < WEIGHT).length <= 1;
}

function weightOf({ trials }: Stretch): number {
  return trials.reduce((sum, { weight }) => sum + weight, 0);
}

function countOf({ trials }: Stretch): number {
  return trials.reduce((sum, { count }) => sum + count, 0);
}
