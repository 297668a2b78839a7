/** nflog_tg(), net/netfilter/xt_NFLOG.c: hands a copy to a logging program and goes on. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineTarget } from '../extension.ts';
import { listedBare, listedOption, QUOTED, unquoted } from '../listing.ts';
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

export const NFLOG = lazily(() =>
  defineTarget({
    name: 'NFLOG',
    support: DECIDED,
    options: {
      'nflog-group': { value: number(65535) },
      'nflog-prefix': { value: cutText(63) },
      'nflog-range': { value: number(MAX_U32) },
      'nflog-size': { value: number(MAX_U32) },
      'nflog-threshold': { value: number(65535) },
    },
    listing: () =>
      listedBare([
        [
          new RegExp(`nflog-prefix (?:${QUOTED}|(?<word>\\S+))`),
          ({ v, word = '' }) => [listedOption('nflog-prefix', v === undefined ? word : unquoted(v))],
        ],
        [/nflog-group (?<v>\d+)/, 'nflog-group'],
        [/nflog-range (?<v>\d+)/, 'nflog-range'],
        [/nflog-size (?<v>\d+)/, 'nflog-size'],
        [/nflog-threshold (?<v>\d+)/, 'nflog-threshold'],
      ]),
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
  }),
);
