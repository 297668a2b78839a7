/** physdev_mt(), net/netfilter/xt_physdev.c: the bridge ports of a packet that br_netfilter brought here. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { flag } from '../values/number.ts';
import { name } from '../values/text.ts';

interface PortName {
  readonly invert: boolean;
  /** With a trailing `+`, any ending. */
  readonly name: string;
}

export interface PhysdevInfo {
  readonly isIn?: { readonly invert: boolean };
  readonly in?: PortName;
  readonly isOut?: { readonly invert: boolean };
  readonly out?: PortName;
  readonly isBridged?: { readonly invert: boolean };
}

const port = name(15, 'a bridge port');

export const physdev = lazily(() =>
  defineMatch({
    name: 'physdev',
    support: DECIDED,
    options: {
      'physdev-in': { value: port, invert: true },
      'physdev-out': { value: port, invert: true },
      'physdev-is-in': { value: flag, invert: true },
      'physdev-is-out': { value: flag, invert: true },
      'physdev-is-bridged': { value: flag, invert: true },
    },
    oneOf: [['physdev-in', 'physdev-out', 'physdev-is-in', 'physdev-is-out', 'physdev-is-bridged']],
    listing: () =>
      listing(/PHYSDEV match/, [
        [/(?<n>! ?)?--physdev-is-in/, 'physdev-is-in'],
        [/(?<n>! ?)?--physdev-in (?<v>\S+)/, 'physdev-in'],
        [/(?<n>! ?)?--physdev-is-out/, 'physdev-is-out'],
        [/(?<n>! ?)?--physdev-out (?<v>\S+)/, 'physdev-out'],
        [/(?<n>! ?)?--physdev-is-bridged/, 'physdev-is-bridged'],
      ]),
    build(args): PhysdevInfo {
      const [input, output] = [args['physdev-in'], args['physdev-out']];
      const [isIn, isOut, isBridged] = [
        args['physdev-is-in'],
        args['physdev-is-out'],
        args['physdev-is-bridged'],
      ];
      return {
        ...(isIn ? { isIn: { invert: isIn.invert } } : {}),
        ...(input ? { in: { invert: input.invert, name: input.value } } : {}),
        ...(isOut ? { isOut: { invert: isOut.invert } } : {}),
        ...(output ? { out: { invert: output.invert, name: output.value } } : {}),
        ...(isBridged ? { isBridged: { invert: isBridged.invert } } : {}),
      };
    },
    print: (info) => [
      ...(info.isIn ? [option('physdev-is-in', info.isIn.invert)] : []),
      ...(info.in ? [option('physdev-in', info.in.invert, info.in.name)] : []),
      ...(info.isOut ? [option('physdev-is-out', info.isOut.invert)] : []),
      ...(info.out ? [option('physdev-out', info.out.invert, info.out.name)] : []),
      ...(info.isBridged ? [option('physdev-is-bridged', info.isBridged.invert)] : []),
    ],
    check: (info: PhysdevInfo, { hook }) =>
      hook === 'OUTPUT' && (info.out || info.isOut || info.isBridged)
        ? '--physdev-out, --physdev-is-out and --physdev-is-bridged can only be used in FORWARD and POSTROUTING'
        : undefined,
    match(info, { skb }) {
      const { physin, physout } = skb;
      if (info.isBridged && (physout !== undefined) === info.isBridged.invert) return false;
      if (info.isIn && (physin !== undefined) === info.isIn.invert) return false;
      if (info.isOut && (physout !== undefined) === info.isOut.invert) return false;
      if (info.in && nameMatches(info.in.name, physin) === info.in.invert) return false;
      return !(info.out && nameMatches(info.out.name, physout) === info.out.invert);
    },
  }),
);

function nameMatches(pattern: string, name = ''): boolean {
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) && name !== '' : name === pattern;
}
