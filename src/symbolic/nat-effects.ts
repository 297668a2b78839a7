/** What NAT targets do to packets that open a connection: new addresses and ports, where rules alone say which. */

import { hasPorts } from '../net/protocol.ts';
import type { DnatInfo } from '../xtables/targets/DNAT.ts';
import type { MasqueradeInfo } from '../xtables/targets/MASQUERADE.ts';
import type { RedirectInfo } from '../xtables/targets/REDIRECT.ts';
import type { SnatInfo } from '../xtables/targets/SNAT.ts';
import type { AddressMask } from '../xtables/values/address.ts';
import type { NatPorts } from '../xtables/values/nat.ts';
import { NONE, type Node } from './bdd.ts';
import type { TargetEffect, TargetOutcome, TargetUse } from './target-effects.ts';
import { bitAt, differs } from './vector.ts';

type Side = 'source' | 'destination';

function effect<Info>(of: (info: Info, use: TargetUse) => TargetOutcome): TargetEffect {
  return of as TargetEffect;
}

export const NAT_EFFECTS: Readonly<Record<string, TargetEffect>> = {
  DNAT: effect<DnatInfo>(({ to, random }, use) => translate('destination', to, random, use)),
  SNAT: effect<SnatInfo>(({ to, random, randomFully }, use) =>
    translate('source', to, random || randomFully, use),
  ),
  MASQUERADE: effect<MasqueradeInfo>((_, use) => chosen('source', use)),
  REDIRECT: effect<RedirectInfo>(({ ports, random }, use) => {
    if (use.hook === 'OUTPUT') {
      const loopback = use.state.space.family === 4 ? 0x7f000001 : 1n;
      return translate(
        'destination',
        { min: loopback, max: loopback, ...(ports ? { ports } : {}) },
        random,
        use,
      );
    }
    const { state, where } = use;
    const { family } = state.space;
    // The first address of the interface that the packet came in by.
    const bits = state.space.opaqueBits(
      'address of the interface',
      'the address of the interface',
      family === 4 ? 32 : 128,
    );
    state.note('destination', use.text, where);
    return settle('destination', bits, ports, random, use, true);
  }),
  NETMAP: effect<AddressMask>(({ address, mask }, use) => {
    const side = use.hook === 'PREROUTING' || use.hook === 'OUTPUT' ? 'destination' : 'source';
    const before = use.state.field(side);
    const after = before.map((bit, i) => {
      const place = before.length - 1 - i;
      return bitAt(mask, place) ? (bitAt(address, place) ? 1 : 0) : bit;
    });
    return settle(side, after, undefined, false, use, false);
  }),
  DNPT: effect((_, use) => chosen('destination', use)),
  SNPT: effect((_, use) => chosen('source', use)),
};

interface NatTo {
  readonly min?: number | bigint;
  readonly max?: number | bigint;
  readonly ports?: NatPorts;
}

/** Of several addresses the kernel chooses by a hash: then it is undecided which, and told by the target's words. */
function translate(side: Side, { min, max, ports }: NatTo, random: boolean, use: TargetUse): TargetOutcome {
  const { state, where, text } = use;
  const before = state.field(side);
  if (min === undefined) return settle(side, before, ports, random, use, false);
  if (min === max) return settle(side, state.constant(side, min), ports, random, use, false);
  state.note(side, text, where);
  return settle(
    side,
    state.space.opaqueBits(`${text} ${side}`, text, before.length),
    ports,
    random,
    use,
    true,
  );
}

/** `free`: the address is any; it is taken for another one than before, since to compare the two has no end. */
function settle(
  side: Side,
  address: readonly Node[],
  ports: NatPorts | undefined,
  random: boolean,
  use: TargetUse,
  free: boolean,
): TargetOutcome {
  const { state, where, text } = use;
  const { space } = state;
  const { bdd } = space;
  const portField = side === 'source' ? 'sourcePort' : 'destinationPort';
  const before = state.field(side);
  const portBefore = state.field(portField);
  let changed = free ? where : bdd.and(where, differs(bdd, address, before));
  if (side === 'destination') {
    const types = space.opaqueBits('type of the new destination', 'the type of the new destination', 4);
    state.assign('destinationType', changed, types);
  }
  state.assign(side, where, address);
  const withPorts = bdd.and(where, state.now(transports(use)));
  if (random || (ports && (ports.min !== ports.max || ports.base !== undefined))) {
    state.note(side, text, where);
    state.assign(portField, withPorts, space.opaqueBits(`${text} ${portField}`, text, 16));
    changed = where;
  } else if (ports) {
    const port = state.constant(portField, ports.min);
    state.assign(portField, withPorts, port);
    changed = bdd.or(changed, bdd.and(withPorts, differs(bdd, port, portBefore)));
  }
  state.set(side === 'source' ? 'sourceNat' : 'destinationNat', changed, 1);
  state.note('mapped', side, where);
  return 'accept';
}

/** The kernel looks for an address; which, is not the rules' to say. */
function chosen(side: Side, use: TargetUse): TargetOutcome {
  const { state, where, text } = use;
  state.note(side, text, where);
  state.set(side === 'source' ? 'sourceNat' : 'destinationNat', where, 1);
  state.note('mapped', side, where);
  return 'accept';
}

function transports({ state }: TargetUse): Node {
  const { space } = state;
  let set = NONE;
  for (let protocol = 0; protocol < 256; protocol++) {
    if (hasPorts(protocol)) set = space.bdd.or(set, space.equals('protocol', protocol));
  }
  return set;
}
