/** trace_tg(), net/netfilter/xt_TRACE.c: asks for trace lines and goes on. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineTarget } from '../extension.ts';
import { listedBare } from '../listing.ts';

export const TRACE = lazily(() =>
  defineTarget({
    name: 'TRACE',
    support: DECIDED,
    options: {},
    listing: () => listedBare(),
    build: () => ({}),
    print: () => [],
    apply: () => ({ kind: 'continue' }),
  }),
);
