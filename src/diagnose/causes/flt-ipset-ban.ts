import { ruleCause } from '../rule-cause.ts';

export const fltIpsetBan = ruleCause({
  id: 'flt-ipset-ban',
  title: 'An address set bans this client',
  symptom: 'One client only is blocked, all others work.',
  mechanism: 'A rule matches the client’s address in an ipset (fail2ban, crowdsec and the like fill them).',
  check: 'ipset list; iptables-save -c',
  verb: 'of a banned address is dropped by',
  advice: 'Take the address out of the set, and add it to the ban tool’s ignore list.',
});
