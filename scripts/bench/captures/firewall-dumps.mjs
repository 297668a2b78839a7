/** What the firewall's own commands print: eth1 is the LAN's side, eth0 the Internet's. */

import { ipset } from '../rulesets/ipset.mjs';
import { ip, mac } from './addresses.mjs';
import { device, loopback, writeDumps } from './dumps.mjs';

export function writeFirewallDumps(folder, rules, members, isCounted) {
  writeDumps(folder, 'host', {
    'ip-addr.txt': [
      loopback(),
      device(2, 'eth0', mac(ip('198.51.100.2')), '198.51.100.2/24'),
      device(3, 'eth1', mac(ip('10.1.0.1')), '10.1.0.1/22'),
    ].join(''),
    'ip-route.txt': [
      'default via 198.51.100.1 dev eth0',
      '10.1.0.0/22 dev eth1 proto kernel scope link src 10.1.0.1',
      '198.51.100.0/24 dev eth0 proto kernel scope link src 198.51.100.2',
      '',
    ].join('\n'),
    'ip-rule.txt':
      '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n',
    'ip-neigh.txt': `198.51.100.1 dev eth0 lladdr ${mac(ip('198.51.100.1'))} REACHABLE\n`,
    'sysctl.txt': sysctl(),
    'iptables-save.txt': rules,
    ...(members !== undefined && { 'ipset-save.txt': ipset(members, isCounted) }),
  });
}

function sysctl() {
  return [
    'net.ipv4.conf.all.forwarding = 1',
    'net.ipv4.conf.all.rp_filter = 0',
    'net.ipv4.conf.default.rp_filter = 0',
    'net.ipv4.conf.eth0.forwarding = 1',
    'net.ipv4.conf.eth0.rp_filter = 0',
    'net.ipv4.conf.eth1.forwarding = 1',
    'net.ipv4.conf.eth1.rp_filter = 0',
    'net.ipv4.ip_forward = 1',
    '',
  ].join('\n');
}
