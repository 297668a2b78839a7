/** nfqueue_tg_v3(), net/netfilter/xt_NFQUEUE.c: a program decides. */
import { lazily } from '../../base/memo.ts';
import { defineTarget, undecided, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { flag, number, readNumber } from '../values/number.ts';

export interface NfqueueInfo {
  readonly first: number;
  readonly last: number;
  readonly bypass: boolean;
  readonly fanout: boolean;
}

const balance: Value<{ readonly first: number; readonly last: number }> = {
  words: 1,
  expected: 'two queues low:high, 0..65534, the first below the second',
  read([text = '']) {
    const [low, high, more] = text.split(':');
    const first = low === '' ? 0 : readNumber(low ?? '', 65534);
    const last = high === '' ? 65534 : readNumber(high ?? '', 65534);
    return first === undefined || last === undefined || first >= last || more !== undefined
      ? undefined
      : { first, last };
  },
};

export const NFQUEUE = lazily(() =>
  defineTarget({
    name: 'NFQUEUE',
    support: undecided('a program decides'),
    options: {
      'queue-num': { value: number(65535), excludes: ['queue-balance'] },
      'queue-balance': { value: balance, excludes: ['queue-num'] },
      'queue-bypass': { value: flag },
      'queue-cpu-fanout': { value: flag, needs: ['queue-balance'] },
    },
    listing: () =>
      listing(/NFQUEUE/, [
        [/num (?<v>\d+)/, 'queue-num'],
        [/balance (?<v>\S+)/, 'queue-balance'],
        [/bypass/, 'queue-bypass'],
        [/cpu-fanout/, 'queue-cpu-fanout'],
      ]),
    build(args): NfqueueInfo {
      const queue = args['queue-num']?.value ?? 0;
      return {
        ...(args['queue-balance']?.value ?? { first: queue, last: queue }),
        bypass: args['queue-bypass'] !== undefined,
        fanout: args['queue-cpu-fanout'] !== undefined,
      };
    },
    print: (info) => [
      info.first === info.last ? `--queue-num ${info.first}` : `--queue-balance ${info.first}:${info.last}`,
      ...(info.bypass ? ['--queue-bypass'] : []),
      ...(info.fanout ? ['--queue-cpu-fanout'] : []),
    ],
    apply: (info) => ({
      kind: 'unknown',
      why: `what the program behind queue ${info.first} decides${info.bypass ? ' (without one the packet goes on)' : ' (without one the packet is dropped)'}`,
    }),
  }),
);
