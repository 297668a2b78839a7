/** devgroup_mt(), net/netfilter/xt_devgroup.c */
import { lazily } from '../../base/memo.ts';
import { and, isUnknown, type Ternary } from '../../base/ternary.ts';
import type { NamespaceView } from '../context.ts';
import { decidedWith, defineMatch, option, type Value } from '../extension.ts';
import { listedParts } from '../listing.ts';
import { ALL, formatMasked, type Masked, readMasked } from '../values/mark.ts';

interface Test<T> {
  readonly invert: boolean;
  readonly value: T;
}

/** Group 0 has its name everywhere. */
const group: Value<Masked> = {
  words: 1,
  expected: 'a group number, optionally with /mask (names stand in /etc/iproute2/group of the host)',
  read: ([text = '']) => (text === 'default' ? { value: 0, mask: ALL } : readMasked(text)),
};

function printGroup(value: Masked): string {
  return value.value === 0 && value.mask === ALL ? 'default' : formatMasked(value);
}

interface DevgroupInfo {
  readonly source?: Test<Masked>;
  readonly destination?: Test<Masked>;
}

function isIn(test: Test<Masked>, dev: string | undefined, namespace: NamespaceView): Ternary {
  const group = dev === undefined ? 0 : namespace.deviceGroup(dev);
  if (isUnknown(group)) return group;
  const { value, mask } = test.value;
  return (((group & mask) ^ value) >>> 0 === 0) !== test.invert;
}

export const devgroup = lazily(() =>
  defineMatch({
    name: 'devgroup',
    support: decidedWith('ip -d link'),
    options: {
      'src-group': { value: group, invert: true },
      'dst-group': { value: group, invert: true },
    },
    oneOf: [['src-group', 'dst-group']],
    listing: () =>
      listedParts([
        [/(?<n>! ?)?src-group (?<v>\S+)/, 'src-group'],
        [/(?<n>! ?)?dst-group (?<v>\S+)/, 'dst-group'],
      ]),
    build(args): DevgroupInfo {
      const [source, destination] = [args['src-group'], args['dst-group']];
      return {
        ...(source ? { source: { invert: source.invert, value: source.value } } : {}),
        ...(destination ? { destination: { invert: destination.invert, value: destination.value } } : {}),
      };
    },
    print: ({ source, destination }) => [
      ...(source ? [option('src-group', source.invert, printGroup(source.value))] : []),
      ...(destination ? [option('dst-group', destination.invert, printGroup(destination.value))] : []),
    ],
    check({ source, destination }: DevgroupInfo, { hook }) {
      if (source && (hook === 'OUTPUT' || hook === 'POSTROUTING'))
        return `--src-group can't be used in ${hook}`;
      if (destination && (hook === 'PREROUTING' || hook === 'INPUT'))
        return `--dst-group can't be used in ${hook}`;
      return undefined;
    },
    match({ source, destination }, { skb, namespace }) {
      const first = source ? isIn(source, skb.in, namespace) : true;
      if (first === false || !destination) return first;
      return and(first, isIn(destination, skb.out, namespace));
    },
  }),
);
