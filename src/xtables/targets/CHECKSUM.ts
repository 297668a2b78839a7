/** checksum_tg(), net/netfilter/xt_CHECKSUM.c: fills in checksums left to the device. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineTarget } from '../extension.ts';
import { listing } from '../listing.ts';
import { flag } from '../values/number.ts';

export const CHECKSUM = lazily(() =>
  defineTarget({
    name: 'CHECKSUM',
    support: DECIDED,
    tables: ['mangle'],
    options: { 'checksum-fill': { value: flag, required: true } },
    listing: () => listing([/CHECKSUM fill/, 'checksum-fill']),
    build: () => ({}),
    print: () => ['--checksum-fill'],
    apply: () => ({ kind: 'continue' }),
  }),
);
