import type { Flow } from '../correlate/flow.ts';
import { fateOf } from '../correlate/predict.ts';
import type { Trace } from '../netstack/hop.ts';
import { applyCommand } from '../snapshot/apply.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { buildTopology } from '../topology/build.ts';
import { type Case, modelDrop, type Scene } from './case.ts';
import type { Command, Found } from './cause.ts';
import type { Finding, Fix } from './finding.ts';
import { type Diagnosed, explain, makeCase, makeScene } from './flow-case.ts';
import { leftUntranslated } from './nat.ts';
import { nameOf, typed } from './words.ts';

export interface Repair {
  readonly fix: Fix;
  readonly next?: NonNullable<Finding['next']>;
}

/** A chain of problems behind one another is followed this far. */
const DEEPEST = 5;

/**
 * Applies a fix to a copy of the snapshot and runs the flow again. Verified means: replayed, and the packet gets past
 * the place where it died. What stops it after that, if anything does, is found and repaired in the same way.
 */
export function prove(scene: Scene, flow: Flow, diagnosed: Diagnosed): Repair {
  const { fix = [], effect = '' } = diagnosed.found;
  const commands = fix.map((command) => typed(scene, command));
  if (fix.length === 0) return { fix: { commands, verified: false, effect } };
  const repaired = applyAll(scene.snapshot, fix);
  if (typeof repaired === 'string')
    return { fix: { commands, verified: false, effect: join(`Not replayed: ${repaired}`, effect) } };
  const after = makeCase(sceneOf(scene, repaired), flow, true);
  if (passes(after)) return { fix: { commands, verified: true, effect: join(successText(after), effect) } };
  const next = explain(after);
  if (!next || samePlace(diagnosed, next)) {
    return {
      fix: {
        commands,
        verified: false,
        effect: join('Replayed with it, the model still loses the packet.', effect),
      },
    };
  }
  const rest = follow(scene, after, next, repaired, 1);
  return {
    fix: {
      commands,
      verified: true,
      effect: join(`Replayed with it, the packet gets past this place. ${rest.text}`, effect),
    },
    next: { cause: next.cause.id, title: next.found.title, commands: rest.commands },
  };
}

/** Repairs what comes next, and what comes after that, and says whether it then works. */
function follow(
  scene: Scene,
  kase: Case,
  next: Diagnosed,
  snapshot: Snapshot,
  depth: number,
): { text: string; commands: string[] } {
  const commands = (next.found.fix ?? []).map((command) => typed(scene, command));
  const then = `Then the next problem shows: ${next.found.title}.`;
  const repaired = next.found.fix?.length ? applyAll(snapshot, next.found.fix) : 'there is no command for it';
  if (typeof repaired === 'string') return { text: then, commands };
  const after = makeCase(sceneOf(scene, repaired), kase.flow, true);
  if (passes(after))
    return {
      text: `${then} With ${depth === 1 ? 'both' : 'all'} repaired, ${lower(successText(after))}`,
      commands,
    };
  const further = explain(after);
  if (!further || samePlace(next, further) || depth >= DEEPEST) return { text: then, commands };
  const rest = follow(scene, after, further, repaired, depth + 1);
  return { text: `${then} ${rest.text}`, commands: [...commands, ...rest.commands] };
}

function sceneOf(scene: Scene, snapshot: Snapshot): Scene {
  const topology = buildTopology(snapshot, scene.inputs.captures, scene.correlation.observations);
  return makeScene(scene.inputs, snapshot, topology, scene.correlation);
}

/** The snapshot with all commands run, or why one could not be. */
export function applyAll(snapshot: Snapshot, commands: readonly Command[]): Snapshot | string {
  let state = snapshot;
  for (const command of commands) {
    const applied = applyCommand(state, command.namespace, command.text);
    if (applied.issue) return applied.issue.text;
    state = applied.snapshot;
  }
  return state;
}

/** The model carries the request to its end and the answer back. */
export function passes(kase: Case): boolean {
  const { prediction } = kase;
  if (!prediction || modelDrop(kase)) return false;
  const { there, back } = prediction;
  if (!arrives(there)) return false;
  if (there.socket?.state === 'none' || there.socket?.state === 'wrong-address') return false;
  if (leftUntranslated(kase)) return false;
  return !back || arrives(back);
}

function arrives(trace: Trace): boolean {
  const fate = fateOf(trace);
  return fate === 'delivered' || fate === 'forwarded' || fate === 'bridged';
}

function successText(kase: Case): string {
  const there = kase.prediction?.there;
  const back = kase.prediction?.back;
  const where =
    there && fateOf(there) === 'delivered'
      ? `reaches ${nameOf(kase, there.namespace)}`
      : `leaves ${nameOf(kase, there?.namespace ?? 'host')} by ${there?.taps.at(-1)?.interface} as ${there?.final.source}`;
  return `Replayed with it, the packet ${where}${back ? ', and the answer finds its way back' : ''}.`;
}

function lower(text: string): string {
  return text.replace(/^Replayed with it, t/, 't');
}

function samePlace(left: Diagnosed, right: Diagnosed): boolean {
  return placeOf(left) === placeOf(right);
}

function placeOf({ cause, found }: { cause: { id: string }; found: Found }): string {
  return [cause.id, found.namespace, found.rule?.chain, found.rule?.number, found.sysctl, found.route].join(
    ' ',
  );
}

function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}
