import { lazily } from '../base/memo.ts';
import type { SetType } from './type.ts';
import { bitmapIp } from './types/bitmap-ip.ts';
import { bitmapIpMac } from './types/bitmap-ip-mac.ts';
import { bitmapPort } from './types/bitmap-port.ts';
import { hashIp } from './types/hash-ip.ts';
import { hashIpMac } from './types/hash-ip-mac.ts';
import { hashIpMark } from './types/hash-ip-mark.ts';
import { hashIpPort } from './types/hash-ip-port.ts';
import { hashIpPortIp } from './types/hash-ip-port-ip.ts';
import { hashIpPortNet } from './types/hash-ip-port-net.ts';
import { hashMac } from './types/hash-mac.ts';
import { hashNet } from './types/hash-net.ts';
import { hashNetIface } from './types/hash-net-iface.ts';
import { hashNetNet } from './types/hash-net-net.ts';
import { hashNetPort } from './types/hash-net-port.ts';
import { hashNetPortNet } from './types/hash-net-port-net.ts';
import { listSet } from './types/list-set.ts';

/** Every set type there is. */
export const SET_TYPES: readonly SetType[] = [
  bitmapIp,
  bitmapIpMac,
  bitmapPort,
  hashIp,
  hashMac,
  hashIpMac,
  hashIpMark,
  hashNet,
  hashNetNet,
  hashIpPort,
  hashNetPort,
  hashIpPortIp,
  hashIpPortNet,
  hashNetPortNet,
  hashNetIface,
  listSet,
];

const BY_NAME = lazily(
  (): ReadonlyMap<string, SetType> =>
    new Map(
      SET_TYPES.flatMap((type) => [type.name, ...(type.aliases ?? [])].map((name) => [name, type] as const)),
    ),
);

export function findSetType(name: string): SetType | undefined {
  return BY_NAME().get(name);
}

/** Of a header that was read: its type is one of the list. */
export function typeOf(header: { readonly type: string }): SetType {
  const type = BY_NAME().get(header.type);
  if (!type) throw new Error(`set type ${header.type}`);
  return type;
}
