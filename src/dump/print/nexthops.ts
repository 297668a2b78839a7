/** Next hops as `ip nexthop` prints them: iproute2 ip/ipnexthop.c. */
import { formatIp } from '../../net/ip.ts';
import type { NexthopBucket, NexthopObject } from '../records.ts';

export function printNexthop(nexthop: Omit<NexthopObject, 'text' | 'span'>): string {
  const { id, group, gateway, dev, blackhole, resilient, fdb, flags } = nexthop;
  const members = group?.map((member) =>
    member.weight === 1 ? `${member.id}` : `${member.id},${member.weight}`,
  );
  return [
    `id ${id}`,
    members && `group ${members.join('/')}`,
    resilient ? 'type resilient' : undefined,
    gateway === undefined ? undefined : `via ${formatIp(gateway)}`,
    dev === undefined ? undefined : `dev ${dev}`,
    blackhole ? 'blackhole' : undefined,
    ...flags,
    fdb ? 'fdb' : undefined,
  ]
    .filter((word) => word !== undefined)
    .join(' ');
}

export function printNexthops(nexthops: readonly NexthopObject[]): string {
  return nexthops.map((nexthop) => `${printNexthop(nexthop)} \n`).join('');
}

export function printBuckets(buckets: readonly NexthopBucket[]): string {
  return buckets.map(({ group, index, member }) => `id ${group} index ${index} nhid ${member} \n`).join('');
}
