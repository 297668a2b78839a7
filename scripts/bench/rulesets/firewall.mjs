/**
 * A firewall of so many rules, in front of 10.1.0.0/22: banned sources, denied destinations, chains of tenants, and the three rules
 * that stop what fails in the captures (SMTP, IRC, syslog).
 */
import { table } from './table.mjs';

const LAST = [
  '-A FORWARD -p tcp -m tcp --dport 25 -j DROP',
  '-A FORWARD -p tcp -m tcp --dport 6667 -j REJECT --reject-with tcp-reset',
  '-A FORWARD -p udp -m udp --dport 514 -j DROP',
  '-A FORWARD -i eth1 -o eth0 -j ACCEPT',
];
const TENANT = 10;

/** @param {number} rules @param {boolean} [banned] whether the set `banned` is asked first */
export function firewall(rules, banned = false) {
  const first = [
    ...(banned ? ['-A FORWARD -m set --match-set banned src -j DROP'] : []),
    '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  ];
  const room = Math.max(0, rules - LAST.length - first.length - 1);
  const tenants = Math.min(64, Math.floor((room * 0.3) / (TENANT + 1)));
  const bans = Math.floor((room - tenants * (TENANT + 1)) / 2);
  const denied = room - tenants * (TENANT + 1) - bans;
  for (let index = 0; index < bans; index++) {
    first.push(`-A FORWARD -s 100.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}/32 -j DROP`);
  }
  for (let index = 0; index < denied; index++) {
    const address = `192.0.${(index >> 8) & 255}.${index & 255}`;
    first.push(`-A FORWARD -d ${address}/32 -p tcp -m tcp --dport ${1024 + (index % 40000)} -j DROP`);
  }
  const chains = [];
  for (let index = 0; index < tenants; index++) {
    const chain = `tenant-${index}`;
    const source = `10.1.${index >> 4}.${(index & 15) * 16}/28`;
    chains.push(chain);
    first.push(`-A FORWARD -s ${source} -i eth1 -j ${chain}`);
    for (let rule = 0; rule < TENANT; rule++) {
      first.push(
        `-A ${chain} -p tcp -m multiport --dports ${2000 + rule * 100},${2050 + rule * 100} -j DROP`,
      );
    }
  }
  return (
    table('filter', { INPUT: 'ACCEPT', FORWARD: 'DROP', OUTPUT: 'ACCEPT' }, chains, [...first, ...LAST]) +
    table(
      'nat',
      { PREROUTING: 'ACCEPT', INPUT: 'ACCEPT', OUTPUT: 'ACCEPT', POSTROUTING: 'ACCEPT' },
      [],
      ['-A POSTROUTING -s 10.1.0.0/22 -o eth0 -j MASQUERADE'],
    )
  );
}
