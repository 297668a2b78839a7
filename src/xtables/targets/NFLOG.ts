/** nflog_tg(), net/netfilter/xt_NFLOG.c: hands a copy to a logging program and goes on. */
import { defineTarget } from '../extension.ts';
import { quote } from '../tokens.ts';
import { number } from '../values/number.ts';
import { cutText } from '../values/text.ts';

const MAX_U32 = 0xffffffff;
const DEFAULT_THRESHOLD = 0;

interface NflogInfo {
  readonly prefix: string;
  readonly group: number;
  readonly range: number;
  readonly size?: number;
  readonly threshold: number;
}

export const NFLOG = defineTarget({
  name: 'NFLOG',
  options: {
    'nflog-group': { value: number(65535) },
    'nflog-prefix': { value: cutText(63) },
    'nflog-range': { value: number(MAX_U32) },
    'nflog-size': { value: number(MAX_U32) },
    'nflog-threshold': { value: number(65535) },
  },
  build: (args): NflogInfo => ({
    prefix: args['nflog-prefix']?.value ?? '',
    group: args['nflog-group']?.value ?? 0,
    range: args['nflog-range']?.value ?? 0,
    ...(args['nflog-size'] ? { size: args['nflog-size'].value } : {}),
    threshold: args['nflog-threshold']?.value ?? DEFAULT_THRESHOLD,
  }),
  print: (info) => [
    ...(info.prefix === '' ? [] : [`--nflog-prefix ${quote(info.prefix)}`]),
    ...(info.group === 0 ? [] : [`--nflog-group ${info.group}`]),
    ...(info.range === 0 ? [] : [`--nflog-range ${info.range}`]),
    ...(info.size === undefined ? [] : [`--nflog-size ${info.size}`]),
    ...(info.threshold === DEFAULT_THRESHOLD ? [] : [`--nflog-threshold ${info.threshold}`]),
  ],
  apply: () => ({ kind: 'continue' }),
});

interface UlogInfo {
  readonly group: number;
  readonly range: number;
  readonly prefix: string;
  readonly threshold: number;
}

/** ipt_ULOG of older kernels; groups are the bits of a mask. */
export const ULOG = defineTarget({
  name: 'ULOG',
  families: [4],
  options: {
    'ulog-nlgroup': { value: number(32, 1) },
    'ulog-prefix': { value: cutText(31) },
    'ulog-cprange': { value: number(MAX_U32) },
    'ulog-qthreshold': { value: number(50, 1) },
  },
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
});
