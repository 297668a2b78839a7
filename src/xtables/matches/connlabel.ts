/** connlabel_mt(), net/netfilter/xt_connlabel.c */
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { quoteAlways } from '../tokens.ts';
import { flag, readNumber } from '../values/number.ts';

const MAX_BIT = 127;

interface ConnlabelInfo {
  readonly invert: boolean;
  readonly bit: number;
  readonly set: boolean;
}

const label: Value<number> = {
  words: 1,
  expected: `a label's number 0..${MAX_BIT} (names stand in /etc/xtables/connlabel.conf of the host)`,
  read: ([text = '']) => readNumber(text, MAX_BIT),
};

export const connlabel = defineMatch({
  name: 'connlabel',
  support: { ...DECIDED, untried: 'no case of the conformance suite has it' },
  conntrack: true,
  options: { label: { value: label, invert: true, required: true }, set: { value: flag } },
  build: ({ label, set }): ConnlabelInfo => ({
    invert: label.invert,
    bit: label.value,
    set: set !== undefined,
  }),
  print: (info) => [
    option('label', info.invert, quoteAlways(String(info.bit))),
    ...(info.set ? ['--set'] : []),
  ],
  match(info, { skb }) {
    const entry = skb.conntrack?.entry;
    if (!entry) return info.invert;
    if (info.set) entry.labels.add(info.bit);
    return entry.labels.has(info.bit) !== info.invert;
  },
});
