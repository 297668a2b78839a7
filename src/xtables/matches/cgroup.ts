/** cgroup_mt_v2(), net/netfilter/xt_cgroup.c */
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { defineMatch, option, refuse, undecided } from '../extension.ts';
import { listedParts } from '../listing.ts';
import { quoteAlways } from '../tokens.ts';
import { number } from '../values/number.ts';
import { name } from '../values/text.ts';

const MAX_U32 = 0xffffffff;

interface CgroupInfo {
  readonly invert: boolean;
  readonly id: number | { readonly path: string };
}

export const cgroup = lazily(() =>
  defineMatch({
    name: 'cgroup',
    support: undecided('no dump tells the cgroup of a process'),
    hooks: ['OUTPUT', 'POSTROUTING', 'INPUT'],
    options: {
      cgroup: { value: number(MAX_U32), invert: true, excludes: ['path'] },
      path: { value: name(511, 'a path'), invert: true, excludes: ['cgroup'] },
    },
    oneOf: [['cgroup', 'path']],
    listing: () =>
      listedParts([
        [/cgroup (?<n>! ?)?(?<v>\d+)/, 'cgroup'],
        [/cgroup (?<n>! ?)?(?<v>\/\S*)/, 'path'],
      ]),
    build({ cgroup, path }) {
      if (cgroup) return { invert: cgroup.invert, id: cgroup.value } satisfies CgroupInfo;
      if (path) return { invert: path.invert, id: { path: path.value } } satisfies CgroupInfo;
      return refuse('a cgroup is missing');
    },
    print: ({ invert, id }: CgroupInfo) => [
      typeof id === 'number' ? option('cgroup', invert, id) : option('path', invert, quoteAlways(id.path)),
    ],
    match: () => unknown('the cgroup of the process that the packet belongs to'),
  }),
);
