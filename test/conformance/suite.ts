/** One case through both engines. */
import type { Case } from './case.ts';
import { compare } from './compare.ts';
import type { Lab } from './kernel/lab.ts';
import { runOnKernel } from './kernel/run.ts';
import { type ModelRun, runOnModel } from './model/run.ts';
import type { Disagreement } from './observation.ts';
import type { Recording } from './recording.ts';

export interface Result {
  readonly recording: Recording;
  readonly disagreements: readonly Disagreement[];
  /** By stimulus: what the model could not decide; undefined where it decided. */
  readonly unknown: readonly (readonly string[] | undefined)[];
}

export async function runCase(lab: Lab, of: Case): Promise<Result> {
  return judge(await runOnKernel(lab, of));
}

/** Holds the model against what was recorded: with chains gone through rule by rule, and all of them by index. */
export function judge(recording: Recording): Result {
  const plain = runOnModel(recording);
  const indexed = runOnModel(recording, 0);
  const disagreements = disagreementsOf(recording, plain);
  const known = new Set(disagreements.map((each) => JSON.stringify(each)));
  const ofIndex = disagreementsOf(recording, indexed)
    .filter((each) => !known.has(JSON.stringify(each)))
    .map((each) => ({ ...each, model: `${each.model} (by index)` }));
  return { recording, disagreements: [...disagreements, ...ofIndex], unknown: plain.unknown };
}

function disagreementsOf(recording: Recording, { observation, unordered }: ModelRun): Disagreement[] {
  const { stimuli, backend } = recording;
  return [...compare(recording.observation, observation, { stimuli, unordered, backend })];
}

/** Packets that the model didn't see as the kernel did; what differs only at the end counts as one. */
export function wrongPackets({ disagreements }: Result): number {
  const packets = new Set(disagreements.flatMap(({ packet }) => (packet === undefined ? [] : [packet])));
  return packets.size > 0 ? packets.size : Math.min(1, disagreements.length);
}

/** A disagreement as text, with the packet it is about. */
export function sayDisagreement(
  { recording: { name, backend, stimuli } }: Result,
  each: Disagreement,
): string {
  const { field, packet, kernel, model } = each;
  const stimulus = packet === undefined ? undefined : stimuli[packet];
  const where = stimulus ? `, packet ${(packet ?? 0) + 1} on ${stimulus.on} (${stimulus.bytes})` : '';
  return `${name} (${backend}): ${field}${where}\n  kernel ${kernel}\n  model  ${model}`;
}
