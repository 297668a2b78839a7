/** log_tg(), net/netfilter/xt_LOG.c: writes to the kernel log and goes on. */
import { lazily } from '../../base/memo.ts';
import { wordTable } from '../../base/word-table.ts';
import { DECIDED, defineTarget, type Value } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { quote } from '../tokens.ts';
import { flag, readNumber } from '../values/number.ts';
import { cutText } from '../values/text.ts';

const LEVELS = wordTable<number>({
  alert: 1,
  crit: 2,
  debug: 7,
  emerg: 0,
  error: 3,
  info: 6,
  notice: 5,
  panic: 0,
  warning: 4,
});
const DEFAULT_LEVEL = 4;
const FLAGS = ['log-tcp-sequence', 'log-tcp-options', 'log-ip-options', 'log-uid', 'log-macdecode'] as const;

/** Bits of `LOG flags N`: XT_LOG_*, include/uapi/linux/netfilter/xt_LOG.h. */
const FLAG_BITS = [0x01, 0x02, 0x04, 0x08, 0x20] as const;

interface LogInfo {
  readonly prefix: string;
  readonly level: number;
  readonly flags: readonly (typeof FLAGS)[number][];
}

const level: Value<number> = {
  words: 1,
  expected: `a level 0..7 or ${Object.keys(LEVELS).join(', ')}`,
  read([text = '']) {
    const number = readNumber(text, 7);
    if (number !== undefined) return number;
    return LEVELS[text.toLowerCase()];
  },
};

export const LOG = lazily(() =>
  defineTarget({
    name: 'LOG',
    support: DECIDED,
    options: {
      'log-level': { value: level },
      'log-prefix': { value: cutText(29) },
      'log-tcp-sequence': { value: flag },
      'log-tcp-options': { value: flag },
      'log-ip-options': { value: flag },
      'log-uid': { value: flag },
      'log-macdecode': { value: flag },
    },
    listing: () =>
      listing(/LOG/, [
        [
          /flags (?<v>\d+)/,
          ({ v }) =>
            FLAGS.filter((_, i) => Number(v) & (FLAG_BITS[i] ?? 0)).map((name) => listedOption(name)),
        ],
        [/level (?<v>\S+)/, ({ v }) => [listedOption('log-level', v === 'warn' ? 'warning' : v)]],
        [/tcp-sequence/, 'log-tcp-sequence'],
        [/tcp-options/, 'log-tcp-options'],
        [/ip-options/, 'log-ip-options'],
        [/uid/, 'log-uid'],
        [/macdecode/, 'log-macdecode'],
        [/unknown-flags/, () => []],
        [/prefix (?:"(?<v>.*)"|`(?<old>.*)')/, ({ v, old = '' }) => [listedOption('log-prefix', v ?? old)]],
      ]),
    build: (args): LogInfo => ({
      prefix: args['log-prefix']?.value ?? '',
      level: args['log-level']?.value ?? DEFAULT_LEVEL,
      flags: FLAGS.filter((name) => args[name]),
    }),
    print: (info) => [
      ...(info.prefix === '' ? [] : [`--log-prefix ${quote(info.prefix)}`]),
      ...(info.level === DEFAULT_LEVEL ? [] : [`--log-level ${info.level}`]),
      ...info.flags.map((name) => `--${name}`),
    ],
    apply: () => ({ kind: 'continue' }),
  }),
);
