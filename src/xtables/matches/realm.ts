/** realm_mt(), net/netfilter/xt_realm.c: the realm of the route that the packet took. */
import { lazily } from '../../base/memo.ts';
import { isUnknown, unknown } from '../../base/ternary.ts';
import { decidedWith, defineMatch, option, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { bare } from '../tokens.ts';
import { ALL, formatMasked, type Masked, readMasked } from '../values/mark.ts';

interface RealmInfo {
  readonly invert: boolean;
  /** A name stands in /etc/iproute2/rt_realms; its number only that host knows. */
  readonly realm: Masked | { readonly name: string };
}

const realmValue: Value<RealmInfo['realm']> = {
  words: 1,
  expected: 'a realm number, optionally with /mask, or a name of /etc/iproute2/rt_realms',
  read([text = '']) {
    const value = readMasked(text, ALL);
    if (value) return value;
    if (text === 'cosmos') return { value: 0, mask: ALL };
    return /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(text) ? { name: text } : undefined;
  },
};

export const realm = lazily(() =>
  defineMatch({
    name: 'realm',
    support: decidedWith('ip route show table all'),
    families: [4],
    hooks: ['POSTROUTING', 'FORWARD', 'OUTPUT', 'INPUT'],
    options: { realm: { value: realmValue, invert: true, required: true } },
    listing: () => listing([/(?<n>! ?)?realm (?<v>\S+)/, 'realm']),
    build: ({ realm }): RealmInfo => ({ invert: realm.invert, realm: realm.value }),
    print: ({ invert, realm }) => [option('realm', invert, printRealm(realm))],
    match({ invert, realm }, { namespace }) {
      if ('name' in realm) return unknown(`the number of realm ${realm.name} (/etc/iproute2/rt_realms)`);
      const realms = namespace.realms();
      if (isUnknown(realms)) return realms;
      return ((realms & realm.mask) >>> 0 === realm.value) !== invert;
    },
  }),
);

/** Realm 0 is always called cosmos. */
function printRealm(realm: RealmInfo['realm']): string {
  if ('name' in realm) return bare(realm.name);
  return realm.value === 0 && realm.mask === ALL ? 'cosmos' : formatMasked(realm);
}
