/** helper_mt(), net/netfilter/xt_helper.c: connections that a helper of another one expected. */
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { DECIDED, defineMatch, option } from '../extension.ts';
import { listing } from '../listing.ts';
import { quote } from '../tokens.ts';
import { text } from '../values/text.ts';

interface HelperInfo {
  readonly invert: boolean;
  /** Empty: any helper. */
  readonly helper: string;
}

export const helper = lazily(() =>
  defineMatch({
    name: 'helper',
    support: DECIDED,
    conntrack: true,
    options: { helper: { value: text(29, "a helper's name, such as ftp"), invert: true, required: true } },
    listing: () => listing([/helper match (?<n>! ?)?"(?<v>[^"]*)"/, 'helper']),
    build: ({ helper }): HelperInfo => ({ invert: helper.invert, helper: helper.value }),
    print: (info) => [option('helper', info.invert, quote(info.helper))],
    match(info, { skb }) {
      const entry = skb.conntrack?.entry;
      if (!entry?.expected) return info.invert;
      const name = entry.master ? entry.master.helper : entry.helper;
      if (info.helper === '') return !info.invert;
      if (name === undefined) return unknown('which helper expected this connection (conntrack -L)');
      // Compared as far as the helper's own name goes: `ftp-2121` is ftp.
      return info.helper.startsWith(name) !== info.invert;
    },
  }),
);
