/** checksum_tg(), net/netfilter/xt_CHECKSUM.c: fills in checksums left to the device. */
import { defineTarget } from '../extension.ts';
import { flag } from '../values/number.ts';

export const CHECKSUM = defineTarget({
  name: 'CHECKSUM',
  tables: ['mangle'],
  options: { 'checksum-fill': { value: flag, required: true } },
  build: () => ({}),
  print: () => ['--checksum-fill'],
  apply: () => ({ kind: 'continue' }),
});
