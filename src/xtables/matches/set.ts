/** set_match_v4(), net/netfilter/xt_set.c */
import { lazily } from '../../base/memo.ts';
import { isUnknown } from '../../base/ternary.ts';
import { decidedWith, defineMatch, option, type Value } from '../extension.ts';
import { listing, type Part } from '../listing.ts';
import { bare } from '../tokens.ts';
import { bigNumber, flag } from '../values/number.ts';

export interface SetReference {
  readonly name: string;
  readonly directions: readonly ('src' | 'dst')[];
}

const MAX_NAME = 31;
const MAX_DIRECTIONS = 6;
const COUNTERS = ['packets-eq', 'packets-lt', 'packets-gt', 'bytes-eq', 'bytes-lt', 'bytes-gt'] as const;

/** `NAME src,dst`, as the set match and the SET target have it. */
export const setReference: Value<SetReference> = {
  words: 2,
  expected: `a set's name of at most ${MAX_NAME} characters, and up to ${MAX_DIRECTIONS} of src, dst, separated by commas`,
  read([name = '', list = '']) {
    const directions = list.split(',').filter((each) => each === 'src' || each === 'dst');
    const count = list.split(',').length;
    if (name === '' || name.length > MAX_NAME || directions.length !== count || count > MAX_DIRECTIONS) {
      return undefined;
    }
    return { name, directions };
  },
};

export function formatReference({ name, directions }: SetReference): string {
  return `${bare(name)} ${directions.join(',')}`;
}

export interface SetInfo extends SetReference {
  readonly invert: boolean;
  readonly returnNomatch: boolean;
  readonly updateCounters: boolean;
  readonly updateSubcounters: boolean;
  /** Conditions on the element's own counters. */
  readonly counters: readonly { readonly name: string; readonly invert: boolean; readonly value: bigint }[];
}

const limit = { value: bigNumber(2n ** 64n - 1n) } as const;
const equal = { ...limit, invert: true } as const;

export const set = lazily(() =>
  defineMatch({
    name: 'set',
    support: decidedWith('ipset save'),
    options: {
      'match-set': { value: setReference, invert: true, required: true, aliases: ['set'] },
      'return-nomatch': { value: flag },
      'update-counters': { value: flag, invert: true },
      'update-subcounters': { value: flag, invert: true },
      'packets-eq': equal,
      'packets-lt': { ...limit, excludes: ['packets-gt', 'packets-eq'] },
      'packets-gt': { ...limit, excludes: ['packets-eq'] },
      'bytes-eq': equal,
      'bytes-lt': { ...limit, excludes: ['bytes-gt', 'bytes-eq'] },
      'bytes-gt': { ...limit, excludes: ['bytes-eq'] },
    },
    listing: () =>
      listing(
        [
          /(?<n>! ?)?(?:match-)?set (?<set>\S+) (?<v>(?:src|dst)(?:,(?:src|dst))*)/,
          ({ n, set = '', v = '' }) => [{ name: 'match-set', invert: n !== undefined, words: [set, v] }],
        ],
        [
          [/return-nomatch/, 'return-nomatch'],
          [/(?<n>! ?)?update-counters/, 'update-counters'],
          [/(?<n>! ?)?update-subcounters/, 'update-subcounters'],
          ...COUNTERS.map((name): Part => [new RegExp(`(?<n>! ?)?${name} (?<v>\\d+)`), name]),
        ],
      ),
    build(args): SetInfo {
      const reference = args['match-set'];
      const counters = COUNTERS.flatMap((name) => {
        const arg = args[name];
        return arg ? [{ name, invert: arg.invert, value: arg.value }] : [];
      });
      return {
        ...reference.value,
        invert: reference.invert,
        returnNomatch: args['return-nomatch'] !== undefined,
        updateCounters: args['update-counters']?.invert !== true,
        updateSubcounters: args['update-subcounters']?.invert !== true,
        counters,
      };
    },
    print: (info) => [
      option('match-set', info.invert, formatReference(info)),
      ...(info.returnNomatch ? ['--return-nomatch'] : []),
      ...(info.updateCounters ? [] : ['! --update-counters']),
      ...(info.updateSubcounters ? [] : ['! --update-subcounters']),
      ...info.counters.map((each) => option(each.name, each.invert, each.value)),
    ],
    match(info, { namespace, skb }) {
      const contained = namespace.setContains(info.name, info.directions, skb, {
        returnNomatch: info.returnNomatch,
        skipCounters: !info.updateCounters,
        skipSubcounters: !info.updateSubcounters,
        ...(info.counters.length === 0 ? {} : { counters: counterTest(info) }),
      });
      return isUnknown(contained) ? contained : contained !== info.invert;
    },
  }),
);

/** ip_set_match_counter(), net/netfilter/ipset/ip_set_core.c. */
function counterTest({ counters }: SetInfo): (packets: bigint, bytes: bigint) => boolean {
  return (packets, bytes) =>
    counters.every(({ name, invert, value }) => {
      const count = name.startsWith('packets') ? packets : bytes;
      if (name.endsWith('-eq')) return (count === value) !== invert;
      return name.endsWith('-lt') ? count < value : count > value;
    });
}
