/** cpu_mt(), net/netfilter/xt_cpu.c */
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { defineMatch, option, undecided } from '../extension.ts';
import { listing } from '../listing.ts';
import { number } from '../values/number.ts';

const MAX_U32 = 0xffffffff;

interface Test<T> {
  readonly invert: boolean;
  readonly value: T;
}

export const cpu = lazily(() =>
  defineMatch({
    name: 'cpu',
    support: undecided('which CPU handles a packet is chance'),
    options: { cpu: { value: number(MAX_U32), invert: true, required: true } },
    listing: () => listing([/cpu (?<n>! ?)?(?<v>\d+)/, 'cpu']),
    build: ({ cpu }): Test<number> => ({ invert: cpu.invert, value: cpu.value }),
    print: (info) => [option('cpu', info.invert, info.value)],
    match: () => unknown('the CPU that handled the packet'),
  }),
);
