/** Ways of packets over a drawing: from the model's hops to places, and from places to the links between them. */
import type { Hop, Verdict } from '../../netstack/hop.ts';
import type { DrawingMark, DrawingPath, DrawnPlace, PathTone } from './drawing.ts';
import { placeKey } from './networks.ts';

/** The devices that a packet passed by the model, copies left out. It leaves where the model lets it out of what was dumped. */
export function pathOfHops(hops: readonly Hop[], verdict?: Verdict, tone: PathTone = 'there'): DrawingPath {
  const line = hops.filter(({ copy }) => !copy);
  const places: DrawnPlace[] = [];
  for (const { namespace, physin, in: into, out, physout, steps } of line) {
    // Its route may have been found, but it never got to the device.
    const dead = steps.some((step) => step.kind === 'drop' && step.device === undefined);
    const port = physout ?? portOf(steps, out);
    for (const device of [physin, into, ...(dead ? [] : [out, port])]) {
      if (device === undefined || device === 'lo') continue;
      const last = places.at(-1);
      if (last?.namespace !== namespace || last.device !== device) places.push({ namespace, device });
    }
  }
  const [first] = line;
  const last = line.at(-1);
  return {
    places,
    ...(first?.in !== undefined && { enters: true }),
    ...(verdict === 'forwarded' && last?.out !== undefined && { leaves: true }),
    tone,
  };
}

/** Of a bridge that the host itself sends over: netfilter knows no port of that. */
function portOf(steps: Hop['steps'], out: string | undefined): string | undefined {
  const step = steps.findLast(
    (each) => each.kind === 'bridge' && each.action === 'forward' && each.bridge === out,
  );
  return step?.kind === 'bridge' ? step.port : undefined;
}

/** Where the last of the hops lets the packet die, and by what; undefined where none does. `label` says it in a few words. */
export function deathOfHops(hops: readonly Hop[], label?: string): DrawingMark | undefined {
  const hop = hops
    .filter(({ copy }) => !copy)
    .findLast(({ steps }) => steps.some(({ kind }) => kind === 'drop'));
  const drop = hop?.steps.findLast((step) => step.kind === 'drop');
  if (!hop || drop?.kind !== 'drop') return undefined;
  const words = label ?? drop.text;
  if (drop.device !== undefined) return { namespace: hop.namespace, device: drop.device, label: words };
  const before = hop.steps.slice(0, hop.steps.indexOf(drop));
  const decided = before.findLast((step) => 'hook' in step || step.kind === 'route');
  const hook = decided === undefined ? undefined : 'hook' in decided ? decided.hook.toUpperCase() : 'routing';
  return { namespace: hop.namespace, hook: hook ?? 'dropped', label: words };
}

export function passedPlaces(paths: readonly DrawingPath[]): ReadonlySet<string> {
  return new Set(paths.flatMap(({ places }) => places.map(placeKey)));
}
