/** What was tried, kind by kind: every question of a client to a service, and whether it was answered. */
import type { AttemptRun } from '../../correlate/attempts.ts';
import type { Flow, Leg, Sighting } from '../../correlate/flow.ts';
import { asksName, isEcho, outcomeOf } from '../../correlate/outcome.ts';
import type { Correlation } from '../../correlate/scan.ts';
import { formatIp } from '../../net/ip.ts';
import { hasPorts, PROTOCOL, protocolName } from '../../net/protocol.ts';
import type { Behaviour } from './change.ts';

/** Questions in a row that fared alike. */
export interface Trial {
  readonly flow: Flow;
  readonly result: Behaviour;
  /** How much it takes to call it chance: a question counts one; a refusal and an answered connection are no chance. */
  readonly weight: number;
  /** Questions that it stands for. */
  readonly count: number;
  readonly first: Sighting;
  readonly last: Sighting;
  readonly reply?: Sighting | undefined;
  readonly lastReply?: Sighting | undefined;
}

/** Traffic from one client to one service. */
export interface Kind {
  readonly name: string;
  readonly flows: Flow[];
  /** In order of time. */
  readonly trials: Trial[];
  /** Nobody has to answer these: silence after answers means nothing. */
  readonly oneWay: boolean;
}

/** Of so many packets of one kind the rest says nothing new. */
const DEFINITE = 3;

export function kindsOf(correlation: Correlation): Kind[] {
  const kinds = new Map<string, Kind>();
  for (const flow of correlation.flows) {
    const trials = trialsOf(flow, correlation);
    if (trials.length === 0) continue;
    const name = kindName(flow);
    const known = kinds.get(name);
    if (known) {
      known.flows.push(flow);
      known.trials.push(...trials);
    } else {
      const oneWay = flow.protocol === PROTOCOL.udp && !asksName(flow);
      kinds.set(name, { name, flows: [flow], trials, oneWay });
    }
  }
  for (const { trials } of kinds.values()) trials.sort((left, right) => left.first.time - right.first.time);
  return [...kinds.values()];
}

function kindName(flow: Flow): string {
  const server = formatIp(flow.server.address);
  const to = !hasPorts(flow.protocol)
    ? server
    : flow.family === 6
      ? `[${server}]:${flow.server.port}`
      : `${server}:${flow.server.port}`;
  return `${protocolName(flow.protocol)} ${formatIp(flow.client.address)} → ${to}`;
}

/** As the point nearest to the client saw it: answers that came so far only. */
function trialsOf(flow: Flow, { points }: Correlation): Trial[] {
  const near = flow.legs[0];
  const point = near && points[near.point];
  if (!near || !point || point.traced !== undefined) return [];
  const ended = point.last ?? Number.POSITIVE_INFINITY;
  const runs = flow.legs
    .filter((leg) => leg.point === near.point && sameEnds(leg, near))
    .flatMap((leg) => leg.attempts ?? []);
  if (flow.protocol === PROTOCOL.tcp) return connectionTrials(flow, near, runs, ended);
  if (!isEcho(flow) && flow.protocol !== PROTOCOL.udp) return [];
  const patience = 1 + 3 * Math.max(0, ...runs.map(roundTrip));
  return runs
    .filter((run) => run.result !== 'silent' || run.first.time < ended - patience)
    .map((run) => ({
      flow,
      result: run.result,
      weight: run.result === 'refused' ? Math.max(DEFINITE, run.count) : run.count,
      count: run.count,
      first: run.first,
      last: run.last,
      reply: run.reply,
      lastReply: run.lastReply,
    }));
}

function roundTrip({ first, reply, last, lastReply }: AttemptRun): number {
  return Math.max(reply ? reply.time - first.time : 0, lastReply ? lastReply.time - last.time : 0);
}

/** A connection that is made counts as answered if it isn't broken off without an answer; one that hangs, from there on as silent. */
function connectionTrials(flow: Flow, near: Leg, runs: readonly AttemptRun[], ended: number): Trial[] {
  const outcome = outcomeOf(flow);
  const trials = runs
    .filter((run) => run.result !== 'silent' || run.first.time < ended - 1)
    .map((run): Trial => {
      const { first, last, reply, lastReply } = run;
      const broken = run.result === 'answered' && outcome.reset !== undefined;
      const result = broken ? 'refused' : run.result;
      const weight = run.result === 'silent' ? run.count : Math.max(DEFINITE, run.count);
      return {
        flow,
        result,
        weight,
        count: run.count,
        first,
        last,
        reply: broken ? outcome.reset : reply,
        lastReply,
      };
    });
  const { stalled } = outcome;
  if (stalled?.direction === 'forward' && !isLargest(near, stalled.segment)) {
    trials.push({
      flow,
      result: 'silent',
      weight: stalled.repeats,
      count: stalled.repeats,
      first: stalled.segment,
      last: near.forward.last ?? stalled.segment,
    });
  }
  return trials;
}

/** Larger than all that was acknowledged before: its size is what stops it, not the time. */
function isLargest({ forward, reply }: Leg, segment: Sighting): boolean {
  const acknowledged = (seen: Sighting) =>
    reply.kept.some(({ acknowledgement }) => {
      const beyond = ((acknowledgement ?? 0) - (seen.sequence ?? 0) - seen.payload) >>> 0;
      return acknowledgement !== undefined && beyond < 2 ** 31;
    });
  return !forward.kept.some(
    (seen) =>
      seen.payload > 0 && seen.length >= segment.length && seen.time < segment.time && acknowledged(seen),
  );
}

function sameEnds(left: Leg, right: Leg): boolean {
  return (
    left.client.address === right.client.address &&
    left.client.port === right.client.port &&
    left.server.address === right.server.address &&
    left.server.port === right.server.port
  );
}
