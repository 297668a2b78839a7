/** set_match_v4(), net/netfilter/xt_set.c */
import { isUnknown, unknown } from '../../base/ternary.ts';
import { defineMatch, option, type Value } from '../extension.ts';
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

interface SetInfo extends SetReference {
  readonly invert: boolean;
  readonly returnNomatch: boolean;
  readonly updateCounters: boolean;
  readonly updateSubcounters: boolean;
  /** Conditions on the element's own counters. */
  readonly counters: readonly { readonly name: string; readonly invert: boolean; readonly value: bigint }[];
}

const counter = { value: bigNumber(2n ** 64n - 1n), invert: true } as const;

export const set = defineMatch({
  name: 'set',
  options: {
    'match-set': { value: setReference, invert: true, required: true, aliases: ['set'] },
    'return-nomatch': { value: flag },
    'update-counters': { value: flag, invert: true },
    'update-subcounters': { value: flag, invert: true },
    'packets-eq': counter,
    'packets-lt': { ...counter, excludes: ['packets-gt', 'packets-eq'] },
    'packets-gt': { ...counter, excludes: ['packets-eq'] },
    'bytes-eq': counter,
    'bytes-lt': { ...counter, excludes: ['bytes-gt', 'bytes-eq'] },
    'bytes-gt': { ...counter, excludes: ['bytes-eq'] },
  },
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
    const options = info.returnNomatch ? { returnNomatch: true } : {};
    const contained = namespace.setContains(info.name, info.directions, skb, options);
    if (isUnknown(contained)) return contained;
    if (contained && info.counters.length > 0) {
      return unknown(`the counters of set ${info.name}'s elements change with every packet`);
    }
    return contained !== info.invert;
  },
});
