/** What a packet has in a set's dimensions. */
import { isUnknown, type Unknown } from '../../base/ternary.ts';
import type { Query } from '../query.ts';
import type { Part, SetHeader } from '../record.ts';
import type { SetType } from '../type.ts';

/** Undefined: it lacks one (-EINVAL). Absent beats unknown: it decides. */
export function packetParts(
  query: Query,
  type: SetType,
  header: SetHeader,
): readonly Part[] | undefined | Unknown {
  const parts: Part[] = [];
  let doubt: Unknown | undefined;
  for (const [at, dimension] of type.dimensions.entries()) {
    const part = dimension.ofPacket(query.skb, query.directions[at] ?? 'dst', header);
    if (part === undefined || (type.refusesZero && isZero(part as Part))) return undefined;
    if (isUnknown(part)) doubt ??= part;
    else parts.push(part);
  }
  return doubt ?? parts;
}

export function isZero(part: Part): boolean {
  return part.kind === 'address' && (part.address === 0 || part.address === 0n);
}
