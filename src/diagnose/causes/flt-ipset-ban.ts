import { ruleCause } from '../rule-cause.ts';

export const fltIpsetBan = ruleCause({
  id: 'flt-ipset-ban',
  title: 'An address set bans this client',
  symptom: 'One client only is blocked, all others work.',
  mechanism: 'A rule matches the client’s address in an ipset (fail2ban, crowdsec and the like fill them).',
  check: 'ipset list; iptables-save -c',
  proof:
    'Packets of this source come in and go no further, others’ pass; the set holds the address and the rule counts.',
  refutation: 'The address is not in the set, or its packets are seen behind the rule.',
  settledBy: ['ipset list', 'iptables-save -c'],
  repair: 'Take the address out of the set, and have the ban tool ignore it.',
  references: ['net/netfilter/xt_set.c: set_match_v4()', 'ipset(8)', 'iptables-extensions(8): set'],
  verb: 'of a banned address is dropped by',
  advice: 'Take the address out of the set, and add it to the ban tool’s ignore list.',
});
