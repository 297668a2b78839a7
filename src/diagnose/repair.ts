import type { Flow } from '../correlate/flow.ts';
import { isLoopback } from '../correlate/owner.ts';
import { fateOf } from '../correlate/predict.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type Case, flowName, type Scene } from './case.ts';
import type { Found } from './cause.ts';
import { applyAll, brokenBy, sceneOf } from './effect.ts';
import type { Finding, Fix } from './finding.ts';
import { type Diagnosed, explain, makeCase } from './flow-case.ts';
import { passes } from './passes.ts';
import { nameOf, typed } from './words.ts';

export interface Repair {
  readonly fix: Fix;
  readonly next?: NonNullable<Finding['next']>;
}

/** A chain of problems behind one another is followed this far. */
const DEEPEST = 5;
/** Below it, what comes next is a guess that rests on assumptions. */
const CERTAIN = 0.6;

/**
 * Applies a fix to a copy of the snapshot and runs the flow again. Verified means: replayed, and the packet gets past
 * the place where it died. What stops it after that, if anything does, is found and repaired in the same way; and flows
 * that work are replayed as well, so that nothing is repaired at their cost unsaid.
 */
export function prove(scene: Scene, flows: readonly Flow[], diagnosed: Diagnosed): Repair {
  const { fix = [], effect = '' } = diagnosed.found;
  const commands = fix.map((command) => typed(scene, command));
  if (fix.length === 0 || flows.length === 0 || diagnosed.found.replay === false)
    return { fix: { commands, verified: false, effect } };
  const repaired = applyAll(scene.snapshot, fix);
  if (typeof repaired === 'string')
    return { fix: { commands, verified: false, effect: join(`Not replayed: ${repaired}.`, effect) } };
  const after = sceneOf(scene, repaired);
  const repair = replay(scene, after, flows, diagnosed, commands);
  const broken = repair.fix.verified ? brokenBy(scene, after) : [];
  if (broken.length === 0) return repair;
  const breaks = broken.map(({ flow, after: end }) => ({ flow, text: end.text }));
  const warning = `It would stop ${broken.length === 1 ? 'a flow that works' : `${broken.length} flows that work`}, see below.`;
  return { ...repair, fix: { ...repair.fix, breaks, effect: join(repair.fix.effect, warning) } };
}

function replay(
  scene: Scene,
  after: Scene,
  flows: readonly Flow[],
  diagnosed: Diagnosed,
  commands: string[],
): Repair {
  const { effect = '' } = diagnosed.found;
  // A packet of a namespace to itself begins there; its address doesn't tell where that is.
  const home = (flow: Flow) =>
    isLoopback(flow.client.address) && diagnosed.found.namespace !== undefined
      ? { from: diagnosed.found.namespace }
      : {};
  const { remembered } = diagnosed.found;
  if (!makeCase(scene, flows[0] as Flow).prediction && flows[0]?.id !== -1) {
    return {
      fix: {
        commands,
        verified: false,
        effect: join('Not replayed: too little was dumped to run the model.', effect),
      },
    };
  }
  const cases = flows.map((flow) =>
    makeCase(after, flow, true, { ...home(flow), ...(remembered && { remembered }) }),
  );
  const failing = cases.find((kase) => !passes(kase));
  const through = cases.filter(passes).map(({ flow }) => flow.id);
  const passing = through.some((id) => id >= 0) ? { passing: through } : {};
  if (!failing)
    return { fix: { commands, verified: true, effect: join(successText(cases), effect), ...passing } };
  const next = explain(failing);
  if (!next || samePlace(diagnosed, next)) {
    const told = cases.length > 1 ? `one of its flows (${flowName(failing.flow)})` : 'the packet';
    return {
      fix: {
        commands,
        verified: false,
        effect: join(`Replayed with it, the model still does not get ${told} through.`, effect),
      },
    };
  }
  if (next.found.confidence < CERTAIN) {
    const doubt = `Replayed with it, the packet gets past this place. What becomes of it then depends on what was not dumped (${next.found.title}?).`;
    return { fix: { commands, verified: true, effect: join(doubt, effect) } };
  }
  const rest = follow(scene, failing, next, after.snapshot, 1);
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
      text: `${then} With ${depth === 1 ? 'both' : 'all'} repaired, ${lower(successText([after]))}`,
      commands,
    };
  const further = explain(after);
  if (!further || samePlace(next, further) || depth >= DEEPEST) return { text: then, commands };
  const rest = follow(scene, after, further, repaired, depth + 1);
  return { text: `${then} ${rest.text}`, commands: [...commands, ...rest.commands] };
}

/** What the model says of the repaired flows; in the words of the first. */
function successText(cases: readonly Case[]): string {
  const [kase] = cases;
  const there = kase?.prediction?.there;
  if (!kase || !there) return '';
  const arrived = fateOf(there) === 'delivered';
  const where = arrived
    ? `reaches ${nameOf(kase, there.namespace)}`
    : `leaves ${nameOf(kase, there.namespace)} by ${there.taps.at(-1)?.interface} as ${there.final.source}`;
  const answer = arrived ? ', and the answer finds its way back' : '; an answer to that finds its way back';
  const others =
    cases.length === 2
      ? ' So does that of its other flow.'
      : cases.length > 2
        ? ` So do the packets of its ${cases.length - 1} other flows that were replayed.`
        : '';
  return `Replayed with it, the packet ${where}${kase.prediction?.back ? answer : ''}.${others}`;
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
