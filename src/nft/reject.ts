/** nft_reject_eval(), net/netfilter/nft_reject*.c: which answer a reject statement gives. */
import type { Family } from '../net/ip.ts';
import type { Reject } from './statement.ts';

/** nft_reject_icmp_code() and nft_reject_icmpv6_code(): codes of icmpx by family. */
const ICMPX: Readonly<Record<Family, readonly number[]>> = { 4: [0, 3, 1, 13], 6: [0, 4, 3, 1] };

const NAMES: Readonly<Record<Family, Readonly<Record<number, string>>>> = {
  4: {
    0: 'icmp-net-unreachable',
    1: 'icmp-host-unreachable',
    2: 'icmp-proto-unreachable',
    3: 'icmp-port-unreachable',
    9: 'icmp-net-prohibited',
    10: 'icmp-host-prohibited',
    13: 'icmp-admin-prohibited',
  },
  6: {
    0: 'icmp6-no-route',
    1: 'icmp6-adm-prohibited',
    3: 'icmp6-addr-unreachable',
    4: 'icmp6-port-unreachable',
    5: 'icmp6-policy-fail',
    6: 'icmp6-reject-route',
  },
};

/** The answer by the name that REJECT has for it; other codes as `code 7`. */
export function rejectWith({ with: kind, code }: Reject, family: Family): string {
  if (kind === 'tcp reset') return 'tcp-reset';
  const portUnreachable = family === 4 ? 3 : 4;
  const number =
    kind === 'default'
      ? portUnreachable
      : kind === 'icmpx'
        ? (ICMPX[family][code ?? 1] ?? portUnreachable)
        : (code ?? portUnreachable);
  return NAMES[family][number] ?? `code ${number}`;
}
