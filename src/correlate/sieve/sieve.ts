/** Which flows of large captures are worth a second reading, packet by packet, by what the first one found. */
import { LIMITS } from '../../base/limits.ts';
import type { Filter } from '../../filter/filter.ts';
import { compileFilter, type Test } from '../../filter/match.ts';
import type { CaptureInput } from '../../input/input.ts';
import type { Parted } from '../forest.ts';
import { BESIDE, BUDGET, type Budget, type Choice, choose, EVERYTHING, LEFT_OUT } from './choose.ts';
import { Conversations } from './conversations.ts';
import type { FirstReading } from './first-reading.ts';
import { type LegRef, SeenFlows } from './flows.ts';
import { linkTogether } from './links.ts';
import { GroupLog, QuotedLog } from './quoted.ts';
import { type ReadersOptions, readWithThreads } from './readers.ts';

export interface SieveOptions extends ReadersOptions {
  readonly budget?: Budget | undefined;
  /** Without a budget, so many flows are all looked at; by default any number. */
  readonly fewFlows?: number | undefined;
  /** Flows that are asked for; of the others some are read too, to compare with. */
  readonly filter?: Filter | undefined;
}

export interface Sieve {
  readonly captures: readonly FirstReading[];
  readonly flows: SeenFlows;
  readonly choice: Choice;
  readonly parted: Parted;
  /** Of a filter. */
  readonly leftOut?: LeftOut;
}

export interface LeftOut {
  readonly flows: number;
  /** Of those: read nevertheless. */
  readonly beside: number;
  /** Conversations for which there was no memory: nobody knows whether they were asked for. */
  readonly forgotten: number;
}

/** Of so many packets all are looked at. */
const FEW = 100_000;

export async function sieve(captures: readonly CaptureInput[], options: SieveOptions): Promise<Sieve> {
  const { readings, threads } = await readWithThreads(captures, options);
  const quoted = new QuotedLog();
  const groups = new GroupLog();
  for (const reading of readings) {
    quoted.join(reading.quoted);
    groups.join(reading.groups);
  }
  const flowsOf = readings.map(({ flows }) => flows);
  const conversations = new Conversations(flowsOf);
  const links = await linkTogether(flowsOf, conversations, threads).finally(() => threads.end());
  const parted = links.part(captures[0]?.limits?.flowPairs ?? LIMITS.flowPairs.most);
  const flows = new SeenFlows(flowsOf, conversations, links, quoted.among(conversations), groups);
  const packets = readings.reduce((sum, { summary }) => sum + summary.packets, 0);
  const { fewFlows = Number.POSITIVE_INFINITY } = options;
  const few = packets <= FEW && flows.count <= fewFlows && !options.budget;
  const budget = few ? EVERYTHING : (options.budget ?? BUDGET);
  const { filter } = options;
  const isAsked = filter && askedIn(flows, compileFilter(filter, beginOf(readings)));
  const choice = choose(flows, budget, isAsked);
  const leftOut = isAsked && {
    ...readBeside(flows, choice, few ? EVERYTHING : BESIDE),
    forgotten: flowsOf.reduce((sum, { table }) => sum + table.givenUp.conversations, 0),
  };
  for (let flow = 0; flow < flows.count; flow++) {
    if (choice.wanted[flow] === 0) continue;
    for (const { capture, record } of flows.legs(flow)) flowsOf[capture]?.table.want(record);
  }
  return { captures: readings, flows, choice, parted, ...(leftOut && { leftOut }) };
}

/** The time of the first packet of all captures. */
function beginOf(readings: readonly FirstReading[]): number {
  const points = readings.flatMap(({ flows, oddPoints }) => [...flows.points, ...oddPoints]);
  return Math.min(...points.flatMap(({ first }) => first ?? []));
}

function askedIn(flows: SeenFlows, test: Test): (flow: number, legs: readonly LegRef[]) => boolean {
  return (_, legs) =>
    test({
      faces: legs.map((leg) => ({ protocol: flows.protocol(leg), ...flows.ends(leg) })),
      start: Math.min(...legs.map(({ records, record }) => records.first(record))),
      end: Math.max(...legs.map(({ records, record }) => records.last(record))),
    });
}

/** Adds some of those that are left out to what is read. */
function readBeside(
  flows: SeenFlows,
  { shapes, wanted }: Choice,
  budget: Budget,
): Omit<LeftOut, 'forgotten'> {
  const others = choose(flows, budget, (flow) => shapes[flow] === LEFT_OUT);
  let left = 0;
  let beside = 0;
  for (let flow = 0; flow < flows.count; flow++) {
    if (shapes[flow] !== LEFT_OUT) continue;
    left++;
    if (others.wanted[flow] === 1) {
      beside++;
      wanted[flow] = 1;
    }
  }
  return { flows: left, beside };
}
