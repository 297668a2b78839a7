/** ipt_ULOG of kernels before 3.17: hands a copy to a logging program and goes on. */
import { lazily } from '../../base/memo.ts';
import { defineTarget, untried } from '../extension.ts';
import { listing } from '../listing.ts';
import { quote } from '../tokens.ts';
import { number } from '../values/number.ts';
import { cutText } from '../values/text.ts';

const MAX_U32 = 0xffffffff;

interface UlogInfo {
  readonly group: number;
  readonly range: number;
  readonly prefix: string;
  readonly threshold: number;
}

export const ULOG = lazily(() =>
  defineTarget({
    name: 'ULOG',
    support: untried('kernels since 3.17 have no such target'),
    families: [4],
    options: {
      'ulog-nlgroup': { value: number(32, 1) },
      'ulog-prefix': { value: cutText(31) },
      'ulog-cprange': { value: number(MAX_U32) },
      'ulog-qthreshold': { value: number(50, 1) },
    },
    listing: () =>
      listing(/ULOG/, [
        [/copy_range (?<v>\d+)/, 'ulog-cprange'],
        [/nlgroup (?<v>\d+)/, 'ulog-nlgroup'],
        [/prefix ["`](?<v>.*)["']/, 'ulog-prefix'],
        [/queue_threshold (?<v>\d+)/, 'ulog-qthreshold'],
      ]),
    build: (args): UlogInfo => ({
      group: args['ulog-nlgroup']?.value ?? 1,
      range: args['ulog-cprange']?.value ?? 0,
      prefix: args['ulog-prefix']?.value ?? '',
      threshold: args['ulog-qthreshold']?.value ?? 1,
    }),
    print: (info) => [
      ...(info.prefix === '' ? [] : [`--ulog-prefix ${quote(info.prefix)}`]),
      ...(info.group === 1 ? [] : [`--ulog-nlgroup ${info.group}`]),
      ...(info.range === 0 ? [] : [`--ulog-cprange ${info.range}`]),
      ...(info.threshold === 1 ? [] : [`--ulog-qthreshold ${info.threshold}`]),
    ],
    apply: () => ({ kind: 'continue' }),
  }),
);
