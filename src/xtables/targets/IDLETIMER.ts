/** idletimer_tg_target(), net/netfilter/xt_IDLETIMER.c: restarts a timer and goes on. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineTarget } from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { bare } from '../tokens.ts';
import { flag, number } from '../values/number.ts';
import { name } from '../values/text.ts';

interface IdletimerInfo {
  readonly timeout: number;
  readonly label: string;
  readonly alarm: boolean;
}

export const IDLETIMER = lazily(() =>
  defineTarget({
    name: 'IDLETIMER',
    support: DECIDED,
    options: {
      timeout: { value: number(0xffffffff, 1), required: true },
      label: { value: name(27, 'a label'), required: true },
      alarm: { value: flag },
    },
    listing: () =>
      listing([
        /timeout:(?<v>\d+) label:(?<label>\S+)/,
        ({ v, label }) => [listedOption('timeout', v), listedOption('label', label)],
      ]),
    build: (args): IdletimerInfo => ({
      timeout: args.timeout.value,
      label: args.label.value,
      alarm: args.alarm !== undefined,
    }),
    print: (info) => [
      `--timeout ${info.timeout}`,
      `--label ${bare(info.label)}`,
      ...(info.alarm ? ['--alarm'] : []),
    ],
    apply: () => ({ kind: 'continue' }),
  }),
);
