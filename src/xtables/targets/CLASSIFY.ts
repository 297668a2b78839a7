/** classify_tg(), net/netfilter/xt_CLASSIFY.c: skb->priority, for the qdisc. */
import { lazily } from '../../base/memo.ts';
import { DECIDED, defineTarget, type Value } from '../extension.ts';
import { listing } from '../listing.ts';

export interface ClassifyInfo {
  readonly priority: number;
}

const trafficClass: Value<number> = {
  words: 1,
  expected: 'a class MAJOR:MINOR in hexadecimal',
  read([text = '']) {
    const found = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(text);
    return found
      ? Number.parseInt(found[1] ?? '', 16) * 65536 + Number.parseInt(found[2] ?? '', 16)
      : undefined;
  },
};

const half = (value: number): string => value.toString(16).padStart(4, '0');

export const CLASSIFY = lazily(() =>
  defineTarget({
    name: 'CLASSIFY',
    support: DECIDED,
    hooks: ['OUTPUT', 'FORWARD', 'POSTROUTING'],
    options: { 'set-class': { value: trafficClass, required: true } },
    listing: () => listing([/CLASSIFY set (?<v>\S+)/, 'set-class']),
    build: (args): ClassifyInfo => ({ priority: args['set-class'].value }),
    print: ({ priority }) => [`--set-class ${half(Math.floor(priority / 65536))}:${half(priority % 65536)}`],
    apply(info, { skb }) {
      skb.priority = info.priority;
      return { kind: 'continue' };
    },
  }),
);
