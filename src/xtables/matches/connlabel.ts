/** connlabel_mt(), net/netfilter/xt_connlabel.c */
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { quoteAlways } from '../tokens.ts';
import { flag, readNumber } from '../values/number.ts';

const MAX_BIT = 127;

interface ConnlabelInfo {
  readonly invert: boolean;
  /** A name stands for the one number that the host gives it. */
  readonly bit: number | string;
  readonly set: boolean;
}

const label: Value<number | string> = {
  words: 1,
  expected: `a label's number 0..${MAX_BIT}, or its name in the host's /etc/xtables/connlabel.conf`,
  read: ([text = '']) =>
    /^\d+$/.test(text) ? readNumber(text, MAX_BIT) : text === '' || text.length > 64 ? undefined : text,
};

export const connlabel = lazily(() =>
  defineMatch({
    name: 'connlabel',
    support: DECIDED,
    conntrack: true,
    options: { label: { value: label, invert: true, required: true }, set: { value: flag } },
    listing: () => listing([/connlabel (?<n>! ?)?(?<v>\S+)/, 'label'], [[/set/, 'set']]),
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
      const has = entry.labels.has(info.bit);
      // Names and numbers don't meet: iptables-save prints a name wherever there is one, conntrack and nft print numbers.
      if (
        !has &&
        typeof info.bit === 'string' &&
        [...entry.labels].some((each) => typeof each === 'number')
      ) {
        return unknown(`the number of label ${info.bit} (/etc/xtables/connlabel.conf)`);
      }
      return has !== info.invert;
    },
  }),
);
