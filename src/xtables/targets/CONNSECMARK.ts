/** connsecmark_tg(), net/netfilter/xt_CONNSECMARK.c: labels for SELinux. */
import { lazily } from '../../base/memo.ts';
import { defineTarget, untried } from '../extension.ts';
import { listedParts } from '../listing.ts';
import { flag } from '../values/number.ts';

interface ConnsecmarkInfo {
  readonly action: 'save' | 'restore';
}

export const CONNSECMARK = lazily(() =>
  defineTarget({
    name: 'CONNSECMARK',
    support: untried('this kernel has no SELinux'),
    tables: ['mangle', 'security'],
    conntrack: true,
    options: {
      save: { value: flag, excludes: ['restore'] },
      restore: { value: flag, excludes: ['save'] },
    },
    oneOf: [['save', 'restore']],
    listing: () =>
      listedParts([
        [/CONNSECMARK save/, 'save'],
        [/CONNSECMARK restore/, 'restore'],
      ]),
    build: (args): ConnsecmarkInfo => ({ action: args.save ? 'save' : 'restore' }),
    print: (info) => [`--${info.action}`],
    apply: () => ({ kind: 'continue' }),
  }),
);
