/** trace_tg(), net/netfilter/xt_TRACE.c: asks for trace lines and goes on. */
import { defineTarget } from '../extension.ts';

export const TRACE = defineTarget({
  name: 'TRACE',
  options: {},
  build: () => ({}),
  print: () => [],
  apply: () => ({ kind: 'continue' }),
});
