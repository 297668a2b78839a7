/** nfacct_mt(), net/netfilter/xt_nfacct.c: counts; holds unless the object has a quota. */
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { defineMatch, undecided } from '../extension.ts';
import { listing } from '../listing.ts';
import { quote } from '../tokens.ts';
import { name } from '../values/text.ts';

interface NfacctInfo {
  readonly object: string;
}

export const nfacct = lazily(() =>
  defineMatch({
    name: 'nfacct',
    support: undecided('quotas of accounting objects are in no dump that is read'),
    options: { 'nfacct-name': { value: name(31, "an accounting object's name"), required: true } },
    listing: () => listing([/nfacct-name\s+(?<v>\S+)/, 'nfacct-name']),
    build: (args): NfacctInfo => ({ object: args['nfacct-name'].value }),
    print: (info) => [`--nfacct-name ${quote(info.object)}`],
    match: (info) => unknown(`whether accounting object ${info.object} has a quota (nfacct list)`),
  }),
);
