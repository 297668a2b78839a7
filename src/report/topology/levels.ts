/** How far inside each end of a link is: networks first, then the namespaces that lead to one, then those behind these. */
import type { DrawnNamespace } from './drawing.ts';

interface Ends {
  readonly from: string;
  readonly to: string;
  readonly kind: string;
}

/** Greater is further inside; no two ends of different namespaces are equal. */
export function levelsOf(
  namespaces: readonly DrawnNamespace[],
  links: readonly Ends[],
  known: ReadonlySet<string>,
): (end: string) => number {
  const order = new Map(namespaces.map(({ id }, index) => [id, index]));
  const beside = new Map<string, Set<string>>();
  const begin = new Set<string>();
  const outward = new Set<string>();
  const tunnels = new Set<string>();
  for (const { from, to, kind } of links) {
    const [one, other] = [namespaceOf(from), namespaceOf(to)];
    if (kind === 'beyond' || kind === 'segment') {
      begin.add(other);
      outward.add(to);
    }
    if (kind === 'tunnel') tunnels.add(to);
    if (!known.has(from) || !known.has(to) || one === other) continue;
    for (const [here, there] of [
      [one, other],
      [other, one],
    ] as const) {
      beside.set(here, (beside.get(here) ?? new Set()).add(there));
    }
  }
  const levels = new Map<string, number>();
  const reach = (roots: readonly string[]) => {
    let edge = roots.filter((id) => !levels.has(id));
    for (let level = 1; edge.length > 0; level++) {
      for (const id of edge) levels.set(id, level);
      edge = [...new Set(edge.flatMap((id) => [...(beside.get(id) ?? [])]))].filter((id) => !levels.has(id));
    }
  };
  const roots = namespaces.filter(({ root }) => root).map(({ id }) => id);
  reach([...new Set([...roots, ...(roots.length === 0 ? begin : [])])]);
  for (const { id } of namespaces) reach([id]);
  const count = namespaces.length + 1;
  return (end) => {
    const home = namespaceOf(end);
    const level = levels.get(home);
    if (level === undefined) return 0;
    // Within a namespace: what leads out, tunnels over that, the places in the kernel, then all else.
    const inner = outward.has(end) ? 0 : tunnels.has(end) ? 1 : /h\d+$/.test(end) ? 2 : 3;
    return level * count + (order.get(home) ?? 0) + inner / 5;
  };
}

/** `n3d1p2` is in `n3`; a network is by itself. */
function namespaceOf(end: string): string {
  return /^n\d+/.exec(end)?.[0] ?? end;
}
