/**
 * Which of a route's next hops a flow takes: fib_select_multipath(), net/ipv4/fib_semantics.c; fib6_select_path(),
 * net/ipv6/route.c; nexthop_select_path(), net/ipv4/nexthop.c.
 */
import type { Nexthop } from '../dump/records.ts';
import type { Ip } from '../net/ip.ts';

export interface Path {
  readonly nexthop: Nexthop;
  /** Counted among those that share the traffic: not dead, and not without carrier where that is looked at. */
  readonly counts: boolean;
  /** The neighbour entry of its gateway doesn't say that nobody is there. */
  readonly reachable: boolean;
  /** Address that the route would choose with it (nh_saddr). */
  readonly source?: Ip | undefined;
}

export interface Choice {
  readonly chosen: Nexthop;
  /** Those the kernel may have taken; more than one when the hash isn't known. */
  readonly possible: readonly Nexthop[];
}

/** Upper bounds of the 31-bit hash (fib_rebalance()); -1 for what takes no share. */
function upperBounds(paths: readonly Path[]): number[] {
  const total = paths.reduce((sum, { nexthop, counts }) => sum + (counts ? nexthop.weight : 0), 0);
  let weight = 0;
  return paths.map(({ nexthop, counts }) => {
    if (!counts || total === 0) return -1;
    weight += nexthop.weight;
    const [numerator, divisor] = [BigInt(weight) << 31n, BigInt(total)];
    return Number((numerator + divisor / 2n) / divisor) - 1;
  });
}

type Select = (hash: number, bounds: readonly number[]) => Path | undefined;

/** Every outcome for the hashes there are, or the one of this hash. */
function choose(paths: readonly Path[], hash: number | undefined, select: Select): Choice | undefined {
  const bounds = upperBounds(paths);
  if (hash !== undefined) {
    const chosen = select(hash, bounds)?.nexthop;
    return chosen && { chosen, possible: [chosen] };
  }
  const hashes = [0, ...bounds.filter((bound) => bound >= 0)];
  const possible = [...new Set(hashes.map((each) => select(each, bounds)?.nexthop))].filter(
    (nexthop) => nexthop !== undefined,
  );
  const [chosen] = possible;
  return chosen && { chosen, possible };
}

/** `source`: the packet's, for locally sent ones: a next hop whose interface has it is preferred. */
export function selectPath4(
  paths: readonly Path[],
  hash: number | undefined,
  { source, useNeighbours }: { readonly source?: Ip | undefined; readonly useNeighbours: boolean },
): Choice | undefined {
  return choose(paths, hash, (value, bounds) => {
    let best: Path | undefined;
    let score = -1;
    for (const [index, path] of paths.entries()) {
      const bound = bounds[index] ?? -1;
      if (bound === -1 || (useNeighbours && !path.reachable)) continue;
      const points = (source !== undefined && path.source === source ? 2 : 0) + (value <= bound ? 1 : 0);
      if (points <= score) continue;
      best = path;
      score = points;
      if (points === 3 || (source === undefined && points === 1)) break;
    }
    return best;
  });
}

/** `first`: the one that the look-up found; `isValid`: rt6_score_route() isn't negative. */
export function selectPath6(
  paths: readonly Path[],
  hash: number | undefined,
  first: Nexthop,
  isValid: (nexthop: Nexthop) => boolean,
): Choice | undefined {
  const fallback = paths.find(({ nexthop }) => nexthop === first);
  return choose(paths, hash, (value, bounds) => {
    const index = bounds.findIndex((bound) => value <= bound);
    const path = paths[index];
    return path && isValid(path.nexthop) ? path : fallback;
  });
}

/** A group of nexthop objects: neighbours always count. `buckets`: of a resilient group, the index of a path each. */
export function selectGroup(
  paths: readonly Path[],
  hash: number | undefined,
  buckets: readonly number[] | undefined,
): Choice | undefined {
  if (buckets) {
    const own = buckets.map((index) => paths[index]?.nexthop).filter((nexthop) => nexthop !== undefined);
    const chosen = own[hash === undefined ? 0 : hash % own.length];
    return chosen && { chosen, possible: hash === undefined ? [...new Set(own)] : [chosen] };
  }
  return choose(paths, hash, (value, bounds) => {
    const good = paths.flatMap((path, index) =>
      path.reachable ? [{ path, bound: bounds[index] ?? -1 }] : [],
    );
    return (good.find(({ bound }) => value <= bound) ?? good[0])?.path ?? paths[0];
  });
}
