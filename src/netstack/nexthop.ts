/** Nexthop objects in routes: struct nexthop, net/ipv4/nexthop.c. */
import type { Nexthop, NexthopObject } from '../dump/records.ts';
import type { FibAlias } from './fib-table.ts';

/** A route that names its next hop only by the object's id (nexthop_compat_mode 0) gets the object's. */
export function withObjects(alias: FibAlias, objects: readonly NexthopObject[]): FibAlias {
  if (alias.object === undefined || alias.nexthops.length > 0) return alias;
  const nexthops = nexthopsOf(alias.object, objects);
  return nexthops.length === 0 ? alias : { ...alias, nexthops };
}

function nexthopsOf(id: number, objects: readonly NexthopObject[]): Nexthop[] {
  const object = objects.find((each) => each.id === id);
  if (!object || object.blackhole) return [];
  if (!object.group) return [plain(object, 1)];
  return object.group.flatMap(({ id: member, weight }) => {
    const found = objects.find((each) => each.id === member);
    return found && !found.group && !found.blackhole ? [plain(found, weight)] : [];
  });
}

function plain({ gateway, dev, flags }: NexthopObject, weight: number): Nexthop {
  return {
    ...(gateway === undefined ? {} : { gateway }),
    ...(dev === undefined ? {} : { dev }),
    weight,
    flags,
  };
}
