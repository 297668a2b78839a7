/** reject_tg(), net/ipv4/netfilter/ipt_REJECT.c, and reject_tg6(), net/ipv6/netfilter/ip6t_REJECT.c */
import { lazily } from '../../base/memo.ts';
import { wordTable } from '../../base/word-table.ts';
import type { Family } from '../../net/ip.ts';
import { DECIDED, defineTarget, type Value } from '../extension.ts';
import { listing } from '../listing.ts';

const NAMES4 = wordTable<string>({
  'icmp-net-unreachable': 'net-unreach',
  'icmp-host-unreachable': 'host-unreach',
  'icmp-proto-unreachable': 'proto-unreach',
  'icmp-port-unreachable': 'port-unreach',
  'icmp-net-prohibited': 'net-prohib',
  'icmp-host-prohibited': 'host-prohib',
  'tcp-reset': 'tcp-rst',
  'icmp-admin-prohibited': 'admin-prohib',
});
const NAMES6 = wordTable<string>({
  'icmp6-no-route': 'no-route',
  'icmp6-adm-prohibited': 'adm-prohibited',
  'icmp6-addr-unreachable': 'addr-unreach',
  'icmp6-port-unreachable': 'port-unreach',
  'tcp-reset': 'tcp-reset',
  'icmp6-policy-fail': 'policy-fail',
  'icmp6-reject-route': 'reject-route',
});

export interface RejectInfo {
  readonly with: string;
}

/** A name, its short form, or the beginning of either. */
function answer(names: Readonly<Record<string, string>>): Value<string> {
  return {
    words: 1,
    expected: `one of ${Object.keys(names).join(', ')}`,
    read([text = '']) {
      const lower = text.toLowerCase();
      if (lower === '') return undefined;
      return Object.keys(names).find((name) => name.startsWith(lower) || names[name]?.startsWith(lower));
    },
  };
}

function define(family: Family, names: Readonly<Record<string, string>>, usual: string) {
  return defineTarget({
    name: 'REJECT',
    support: DECIDED,
    families: [family],
    tables: ['filter'],
    hooks: ['INPUT', 'FORWARD', 'OUTPUT'],
    options: { 'reject-with': { value: answer(names) } },
    listing: () => listing([/reject-with (?<v>\S+)/, 'reject-with']),
    build: (args): RejectInfo => ({ with: args['reject-with']?.value ?? usual }),
    print: (info) => [`--reject-with ${info.with}`],
    check: (info: RejectInfo, { protocol }) =>
      info.with === 'tcp-reset' && !(protocol?.protocol === 6 && !protocol.invert)
        ? '--reject-with tcp-reset needs -p tcp'
        : undefined,
    apply: (info) => ({ kind: 'reject', with: info.with }),
  });
}

export const REJECT = lazily(() => define(4, NAMES4, 'icmp-port-unreachable'));
export const REJECT6 = lazily(() => define(6, NAMES6, 'icmp6-port-unreachable'));
