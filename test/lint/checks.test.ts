/** Each check on rules that it is about, and on such as look alike and are none. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/lint/checks.ts';
import { lintFiles, lintPaths, table } from './lab.ts';

interface Row {
  readonly id: string;
  readonly files: Readonly<Record<string, string>>;
  /** Rules (or `line N` of the first file) of which it is told; none: a near miss. */
  readonly told: readonly string[];
}

const rows: Row[] = [];

function row(id: string, files: Row['files'] | string, ...told: string[]): void {
  rows.push({ id, files: typeof files === 'string' ? { 'rules.v4': files } : files, told });
}

const ADDR = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP group default qlen 1000
    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 203.0.113.2/24 brd 203.0.113.255 scope global eth0
    inet6 2001:db8::2/64 scope global
3: eth1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq state UP group default qlen 1000
    link/ether 02:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff
    inet 10.1.0.1/24 brd 10.1.0.255 scope global eth1
4: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000
    link/ether 02:00:00:00:00:03 brd ff:ff:ff:ff:ff:ff
    bridge forward_delay 1500 hello_time 200 max_age 2000 ageing_time 30000 stp_state 0
    inet 10.2.0.1/24 brd 10.2.0.255 scope global br0
5: eth2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq master br0 state UP group default qlen 1000
    link/ether 02:00:00:00:00:04 brd ff:ff:ff:ff:ff:ff
`;
const ROUTES = `default via 203.0.113.1 dev eth0
10.1.0.0/24 dev eth1 proto kernel scope link src 10.1.0.1
10.2.0.0/24 dev br0 proto kernel scope link src 10.2.0.1
203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.2
`;
const INNER_ROUTES = ROUTES.replace(/^default.*\n/, '');

// Shadowing
const SSH = '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT';
row('rule-shadowed', table(`-A INPUT -p tcp -j DROP\n${SSH}`), SSH);
row('rule-shadowed', table(`-A INPUT -p udp -j DROP\n${SSH}`));
row('rule-shadowed', table(`-A INPUT -p tcp -m tcp --dport 1:21 -j DROP\n${SSH}`));
row('rule-shadowed', table(`-A INPUT -p tcp -m limit --limit 5/sec -j DROP\n${SSH}`));
row('rule-shadowed', table(`-A INPUT -p tcp -j LOG\n${SSH}`));
const WIDE = '-A INPUT -s 10.0.0.0/8 -j DROP';
row(
  'rule-shadowed',
  table(`-A INPUT -s 10.0.0.0/9 -j ACCEPT\n-A INPUT -s 10.128.0.0/9 -j ACCEPT\n${WIDE}`),
  WIDE,
);
row('rule-shadowed', table(`-A INPUT -s 10.0.0.0/9 -j ACCEPT\n-A INPUT -s 10.128.0.0/10 -j ACCEPT\n${WIDE}`));
row('rule-shadowed', table(`-A INPUT -j web\n${SSH}\n-A web -p tcp -j ACCEPT`), SSH);
row('rule-shadowed', table(`-A INPUT -j web\n${SSH}\n-A web -p tcp -j RETURN\n-A web -j ACCEPT`));
row('rule-after-end', table(`-A INPUT -g web\n${SSH}\n-A web -p tcp -j RETURN`), SSH);
row('rule-shadowed', table(`-A INPUT -m set --match-set all src -j DROP\n${SSH}`));
row(
  'rule-shadowed',
  table(
    '-A PREROUTING -p tcp -j DNAT --to-destination 10.1.0.5\n-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.1.0.6',
    { name: 'nat' },
  ),
  '-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.1.0.6',
);

row('rule-duplicate', table(`${SSH}\n-A INPUT -p udp -j DROP\n${SSH}`), SSH);
row('rule-duplicate', table(`${SSH}\n${SSH.replace('22', '23')}`));
const SEEN = '-A INPUT -m set --match-set seen src -j DROP';
row('rule-duplicate', table(`${SEEN}\n${SEEN}`), SEEN);
row('rule-duplicate', table(`${SEEN}\n-A INPUT -p tcp -j SET --add-set seen src\n${SEEN}`));
row(
  'rule-duplicate',
  table('-A INPUT -m recent --name a --rcheck -j DROP\n-A INPUT -m recent --name a --rcheck -j DROP'),
);
row('rule-duplicate', table('-A INPUT -m psd -j DROP\n-A INPUT -m psd -j DROP'));
row('rule-duplicate', table('-A INPUT -j LOG\n-A INPUT -j LOG'));
row(
  'rule-duplicate',
  table('-A INPUT -m limit --limit 5/sec -j ACCEPT\n-A INPUT -m limit --limit 5/sec -j ACCEPT'),
);

row('rule-after-end', table(`-A INPUT -j DROP\n${SSH}`), SSH);
row('rule-after-end', table(`-A INPUT -m comment --comment all -j REJECT\n${SSH}`), SSH);
row('rule-after-end', table(`-A INPUT -i eth0 -j DROP\n${SSH}`));
row('rule-after-end', table(`-A INPUT -j LOG\n${SSH}`));

row(
  'rule-contradiction',
  table('-A INPUT -p tcp -m tcp --dport 80 -m multiport ! --dports 80 -j ACCEPT'),
  '-A INPUT -p tcp -m tcp --dport 80 -m multiport ! --dports 80 -j ACCEPT',
);
row('rule-contradiction', table('-A INPUT -p tcp -m tcp --dport 80 -m multiport ! --dports 81 -j ACCEPT'));
row(
  'rule-contradiction',
  table('-A INPUT -m mark --mark 1 -m mark --mark 2 -j DROP'),
  '-A INPUT -m mark --mark 1 -m mark --mark 2 -j DROP',
);
row('rule-contradiction', table('-A INPUT -m mark --mark 1/1 -m mark --mark 2/2 -j DROP'));
row('rule-contradiction', table('-A INPUT -j own\n-A own -o eth0 -j DROP'), '-A own -o eth0 -j DROP');
row('rule-contradiction', table('-A FORWARD -j own\n-A own -o eth0 -j DROP'));

row(
  'rule-out-of-reach',
  table('-A INPUT -s 10.0.0.0/8 -j own\n-A own -s 192.168.0.0/16 -j DROP'),
  '-A own -s 192.168.0.0/16 -j DROP',
);
row(
  'rule-out-of-reach',
  table('-A INPUT -s 10.0.0.0/8 -j own\n-A FORWARD -j own\n-A own -s 192.168.0.0/16 -j DROP'),
);
row(
  'rule-out-of-reach',
  table('-A INPUT -p udp -j DROP\n-A INPUT -j own\n-A own -p udp -m udp --dport 53 -j ACCEPT'),
  '-A own -p udp -m udp --dport 53 -j ACCEPT',
);
row(
  'rule-out-of-reach',
  table('-A PREROUTING -j MARK --set-xmark 0x1/0xffffffff\n-A PREROUTING -m mark --mark 0x2 -j DROP', {
    name: 'mangle',
  }),
  '-A PREROUTING -m mark --mark 0x2 -j DROP',
);
row(
  'rule-out-of-reach',
  table('-A PREROUTING -p tcp -j MARK --set-xmark 0x1/0xffffffff\n-A PREROUTING -m mark --mark 0x2 -j DROP', {
    name: 'mangle',
  }),
);

row(
  'rule-no-effect',
  table(SSH.replace('ACCEPT', 'DROP'), { policies: 'INPUT=DROP' }),
  SSH.replace('ACCEPT', 'DROP'),
);
row('rule-no-effect', table(SSH, { policies: 'INPUT=DROP' }));
row('rule-no-effect', table(`${SSH}\n-A INPUT -p tcp -j ACCEPT`, { policies: 'INPUT=DROP' }), SSH);
row(
  'rule-no-effect',
  table(`${SSH}\n-A INPUT -s 10.0.0.1 -j DROP\n-A INPUT -p tcp -j ACCEPT`, { policies: 'INPUT=DROP' }),
);
row(
  'rule-no-effect',
  table(`${SSH}\n-A INPUT -p tcp -j LOG\n-A INPUT -p tcp -j ACCEPT`, { policies: 'INPUT=DROP' }),
);
row('rule-no-effect', table('-A INPUT -j DROP', { policies: 'INPUT=DROP' }));
row(
  'rule-no-effect',
  table(
    '-A INPUT -p tcp -m tcp --dport 25 -j REJECT --reject-with icmp-port-unreachable\n-A INPUT -p tcp -j REJECT --reject-with tcp-reset',
  ),
);

const LIMITED = '-A INPUT -p icmp -m limit --limit 5/sec -j ACCEPT';
row('rule-limit-useless', table(LIMITED), LIMITED);
row('rule-limit-useless', table(`${LIMITED}\n-A INPUT -p icmp -j DROP`));
row(
  'rule-limit-useless',
  table(`${LIMITED}\n-A INPUT -p icmp -j ACCEPT`, { policies: 'INPUT=DROP' }),
  LIMITED,
);
row('rule-limit-useless', table(LIMITED, { policies: 'INPUT=DROP' }));
row('rule-limit-useless', table('-A INPUT -p tcp -m connlimit --connlimit-above 5 -j ACCEPT'));

row(
  'rule-pointless-condition',
  table('-A INPUT -s 0.0.0.0/0 -p tcp -j DROP'),
  '-A INPUT -s 0.0.0.0/0 -p tcp -j DROP',
);
row('rule-pointless-condition', table('-A INPUT -s 0.0.0.0/8 -p tcp -j DROP'));
row('rule-pointless-condition', table('-A INPUT -p tcp -m comment --comment "-s 0.0.0.0/0" -j DROP'));

// Chains
row('chain-unreached', '*filter\n:INPUT ACCEPT [0:0]\n:own - [0:0]\n-A own -j DROP\nCOMMIT\n', 'line 3');
row(
  'chain-unreached',
  '*filter\n:INPUT ACCEPT [0:0]\n:own - [0:0]\n-A INPUT -j own\n-A own -j DROP\nCOMMIT\n',
);
row('chain-unreached', '*filter\n:INPUT ACCEPT [0:0]\n:own - [0:0]\nCOMMIT\n');
row(
  'chain-unreached',
  '*filter\n:INPUT ACCEPT [0:0]\n:ufw-user-limit - [0:0]\n-A ufw-user-limit -j REJECT\nCOMMIT\n',
);
row('chain-unreached', '*filter\n:own - [0:0]\n-A own -j DROP\nCOMMIT\n');
row(
  'chain-unreached',
  '*filter\n:INPUT ACCEPT [0:0]\n:a - [0:0]\n:b - [0:0]\n-A a -j b\n-A b -j DROP\nCOMMIT\n',
  'line 3',
  'line 4',
);

// What a script lays out for each of several, or a program for people to fill.
const EACH = '-A FORWARD -i eth0 -j users_0\n-A FORWARD -i eth1 -j users_1\n-A users_0 -s 10.0.0.5 -j DROP';
row('chain-does-nothing', `${table(EACH)}`.replace(':users_0', ':users_1 - [0:0]\n:users_0'));
row(
  'chain-does-nothing',
  table(EACH.replaceAll('users_1', 'guests_1')).replace(':users_0', ':guests_1 - [0:0]\n:users_0'),
  '-A FORWARD -i eth1 -j guests_1',
);
row(
  'chain-does-nothing',
  table('-A FORWARD -j forwarding_rule').replace(':INPUT', ':forwarding_rule - [0:0]\n:INPUT'),
);
row('chain-unreached', table('-A zone_lan_DROP -o br-lan -j DROP'));

row(
  'chain-does-nothing',
  '*filter\n:INPUT ACCEPT [0:0]\n:own - [0:0]\n-A INPUT -j own\nCOMMIT\n',
  '-A INPUT -j own',
);
row(
  'chain-does-nothing',
  '*filter\n:INPUT ACCEPT [0:0]\n:own - [0:0]\n-A INPUT -j own\n-A own -p tcp -j RETURN\nCOMMIT\n',
  '-A INPUT -j own',
);
row(
  'chain-does-nothing',
  '*filter\n:INPUT ACCEPT [0:0]\n:own - [0:0]\n-A INPUT -j own\n-A own -j LOG\nCOMMIT\n',
);
row(
  'chain-does-nothing',
  '*filter\n:INPUT ACCEPT [0:0]\n:f2b-sshd - [0:0]\n-A INPUT -j f2b-sshd\n-A f2b-sshd -j RETURN\nCOMMIT\n',
);

row('policy-accept-only', table(SSH), 'line 2');
row('policy-accept-only', table(SSH, { policies: 'INPUT=DROP' }));
row('policy-accept-only', table(`${SSH}\n-A INPUT -j REJECT`));
row('policy-accept-only', table('-A INPUT -i virbr0 -p udp -m udp --dport 53 -j ACCEPT'));

row('policy-lo-closed', table(SSH, { policies: 'INPUT=DROP' }), 'line 2');
row('policy-lo-closed', table(`-A INPUT -i lo -j ACCEPT\n${SSH}`, { policies: 'INPUT=DROP' }));
row('policy-lo-closed', table(`-A INPUT -s 127.0.0.0/8 -j ACCEPT\n${SSH}`, { policies: 'INPUT=DROP' }));
row('policy-lo-closed', table('-A INPUT -p tcp -j DROP', { policies: 'INPUT=DROP' }));
row(
  'policy-lo-closed',
  table(`-A INPUT -m set --match-set own src -j ACCEPT\n${SSH}`, { policies: 'INPUT=DROP' }),
);

// Marks
const MARK1 = '-A PREROUTING -s 10.1.0.0/24 -j MARK --set-xmark 0x1/0xffffffff';
const MARK2 = '-A PREROUTING -j MARK --set-xmark 0x2/0xffffffff';
const mangle = (rules: string): string => table(rules, { name: 'mangle' });
row('mark-overwritten', mangle(`${MARK1}\n${MARK2}`), MARK1);
row('mark-overwritten', mangle(`${MARK2}\n${MARK1}`));
row('mark-overwritten', mangle(`${MARK1}\n-A PREROUTING -m mark --mark 0x1 -j ACCEPT\n${MARK2}`));
row('mark-overwritten', mangle(`${MARK1}\n${MARK2.replace('0x2/0xffffffff', '0x2/0x2')}`));
const IP_RULES = '0:\tfrom all lookup local\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n';
row('mark-unread', { 'rules.v4': mangle(MARK1), 'ip-rule.txt': IP_RULES }, MARK1);
row('mark-unread', {
  'rules.v4': mangle(MARK1),
  'ip-rule.txt': `100:\tfrom all fwmark 0x1 lookup 100\n${IP_RULES}`,
});
row('mark-unread', {
  'rules.v4': `${mangle(MARK1)}${table('-A INPUT -m mark --mark 0x1 -j DROP')}`,
  'ip-rule.txt': IP_RULES,
});
row('mark-unread', mangle(MARK1));

// Connection tracking
const ESTABLISHED = '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
row(
  'ct-drop-before-established',
  table(`-A INPUT -p tcp -j DROP\n${ESTABLISHED}`),
  '-A INPUT -p tcp -j DROP',
);
row('ct-drop-before-established', table(`${ESTABLISHED}\n-A INPUT -p tcp -j DROP`));
row('ct-drop-before-established', table(`-A INPUT -p tcp -m tcp --dport 23 -j DROP\n${ESTABLISHED}`));
row(
  'ct-drop-before-established',
  table(`-A INPUT -p tcp -m conntrack --ctstate INVALID -j DROP\n${ESTABLISHED}`),
);
row(
  'ct-state-obsolete',
  table('-A INPUT -m state --state NEW -j DROP'),
  '-A INPUT -m state --state NEW -j DROP',
);
row('ct-state-obsolete', table('-A INPUT -m conntrack --ctstate NEW -j DROP'));
row('ct-state-obsolete', table('-A INPUT -j KUBE-SERVICES\n-A KUBE-SERVICES -m state --state NEW -j ACCEPT'));

const OWN_NFT = `table inet own {
	chain input {
		type filter hook input priority filter; policy drop;
		tcp dport 22 accept
	}
}
`;
const BY_IPTABLES = `table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy accept;
		tcp dport 22 counter packets 0 bytes 0 accept
	}
}
`;
row('nft-unchecked', { 'rules.v4': table(SSH), 'own.nft': OWN_NFT }, 'line 1');
row(
  'nft-unchecked',
  { 'a.v4': table(SSH), 'b.v4': table('-A INPUT -p udp -j DROP'), 'own.nft': OWN_NFT },
  'line 1',
);
row('nft-unchecked', { 'rules.v4': table(SSH), 'own.nft': OWN_NFT.replace(/.*dport.*\n/, '') });
row('nft-unchecked', { 'rules.v4': table(SSH), 'own.nft': BY_IPTABLES });
row(
  'nft-unchecked',
  { 'rules.v6': `# Generated by ip6tables-save v1.8.9\n${table(SSH)}`, 'own.nft': BY_IPTABLES },
  'line 1',
);
const HELPER = '-A INPUT -m helper --helper ftp -j ACCEPT';
row('ct-helper-assumed', `${table(HELPER)}${table('', { name: 'raw' })}`, HELPER);
row(
  'ct-helper-assumed',
  `${table(HELPER)}${table('-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp', { name: 'raw' })}`,
);
row('ct-helper-assumed', table(HELPER));
row('ct-helper-assumed', {
  'rules.v4': `${table(HELPER)}${table('', { name: 'raw' })}`,
  'sysctl.txt': 'net.netfilter.nf_conntrack_helper = 1\n',
});

// NAT
const nat = (rules: string): string => table(rules, { name: 'nat' });
row('nat-drop', nat('-A PREROUTING -s 10.0.0.1 -j DROP'), '-A PREROUTING -s 10.0.0.1 -j DROP');
row('nat-drop', table('-A PREROUTING -s 10.0.0.1 -j DROP', { name: 'raw' }));
row(
  'nat-replies',
  nat('-A POSTROUTING -m conntrack --ctstate ESTABLISHED -j MASQUERADE'),
  '-A POSTROUTING -m conntrack --ctstate ESTABLISHED -j MASQUERADE',
);
row(
  'nat-replies',
  nat('-A POSTROUTING -m conntrack ! --ctstate NEW,RELATED -j MASQUERADE'),
  '-A POSTROUTING -m conntrack ! --ctstate NEW,RELATED -j MASQUERADE',
);
row('nat-replies', nat('-A POSTROUTING -m conntrack --ctstate NEW,ESTABLISHED -j MASQUERADE'));
row('nat-replies', nat('-A POSTROUTING -m conntrack --ctstate DNAT -j MASQUERADE'));
row(
  'nat-replies',
  nat('-A PREROUTING -p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -j ACCEPT'),
  '-A PREROUTING -p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK -j ACCEPT',
);
row('nat-replies', nat('-A PREROUTING -p tcp -m tcp --tcp-flags SYN,ACK SYN -j ACCEPT'));
const dnat = (to: string): string =>
  `-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination ${to}`;
row(
  'nat-dnat-unreachable',
  { 'rules.v4': nat(dnat('172.30.0.5:80')), 'ip-route.txt': INNER_ROUTES, 'ip-addr.txt': ADDR },
  dnat('172.30.0.5:80'),
);
row('nat-dnat-unreachable', {
  'rules.v4': nat(dnat('172.30.0.5:80')),
  'ip-route.txt': ROUTES,
  'ip-addr.txt': ADDR,
});
row('nat-dnat-unreachable', nat(dnat('172.30.0.5:80')));
row('nat-dnat-localhost', nat(dnat('127.0.0.1:80')), dnat('127.0.0.1:80'));
row('nat-dnat-localhost', nat(dnat('127.0.0.1:80').replace('PREROUTING', 'OUTPUT')));
row('nat-dnat-localhost', {
  'rules.v4': nat(dnat('127.0.0.1:80')),
  'sysctl.txt': 'net.ipv4.conf.all.route_localnet = 1\n',
});
row(
  'nat-masquerade-broad',
  { 'rules.v4': nat('-A POSTROUTING -j MASQUERADE'), 'ip-addr.txt': ADDR },
  '-A POSTROUTING -j MASQUERADE',
);
row('nat-masquerade-broad', nat('-A POSTROUTING -o eth0 -j MASQUERADE'));
row('nat-masquerade-broad', nat('-A POSTROUTING -o eth1 -j ACCEPT\n-A POSTROUTING -j MASQUERADE'));
const BRIDGED = '-A POSTROUTING -s 10.2.0.0/24 -j MASQUERADE';
row(
  'nat-masquerade-broad',
  { 'rules.v4': nat(BRIDGED), 'ip-addr.txt': ADDR, 'sysctl.txt': 'net.bridge.bridge-nf-call-iptables = 1\n' },
  BRIDGED,
);
row('nat-masquerade-broad', {
  'rules.v4': nat(BRIDGED),
  'ip-addr.txt': ADDR,
  'sysctl.txt': 'net.bridge.bridge-nf-call-iptables = 0\n',
});
row('nat-masquerade-broad', {
  'rules.v4': nat(BRIDGED.replace('-j', '! -o br0 -j')),
  'ip-addr.txt': ADDR,
  'sysctl.txt': 'net.bridge.bridge-nf-call-iptables = 1\n',
});
const CLOSE = '-A INPUT -p tcp -m tcp --dport 8080 -j DROP';
row('nat-input-bypassed', `${nat(dnat('10.1.0.5:80'))}${table(CLOSE)}`, CLOSE);
row('nat-input-bypassed', `${nat(dnat('10.1.0.5:80'))}${table(CLOSE.replace('8080', '8081'))}`);
row('nat-input-bypassed', `${nat(dnat('10.1.0.5:80').replace('-p', '-d 127.0.0.1/32 -p'))}${table(CLOSE)}`);
row('nat-input-bypassed', `${nat(dnat('10.1.0.5:80'))}${table(CLOSE.replace('INPUT', 'FORWARD'))}`);
row(
  'nat-input-bypassed',
  `${nat(dnat('10.1.0.5:80'))}${table(CLOSE.replace('tcp', 'udp').replace('tcp', 'udp'))}`,
);
const SNAT = '-A POSTROUTING -o eth0 -j SNAT --to-source 203.0.113.9';
row('nat-snat-foreign', { 'rules.v4': nat(SNAT), 'ip-addr.txt': ADDR }, SNAT);
row('nat-snat-foreign', { 'rules.v4': nat(SNAT.replace('.9', '.2')), 'ip-addr.txt': ADDR });
row('nat-snat-foreign', nat(SNAT));

// What iptables-restore refuses
row('load-refused', table('-A INPUT --dport 22 -j ACCEPT'), '-A INPUT --dport 22 -j ACCEPT');
row('load-refused', table('-A PREROUTING -o eth0 -j DROP', { name: 'raw' }), '-A PREROUTING -o eth0 -j DROP');
row('load-refused', table('-A INPUT -j own\n-A own -j REJECT', { name: 'filter' }));
row('load-refused', nat('-A PREROUTING -j own\n-A own -j MASQUERADE'), '-A own -j MASQUERADE');
row('load-refused', nat('-A POSTROUTING -j own\n-A own -j MASQUERADE'));
row('load-refused', table('-A INPUT -s www.example.com -j DROP'));
row('load-host-name', table('-A INPUT -s www.example.com -j DROP'), '-A INPUT -s www.example.com -j DROP');
row('load-host-name', table('-A INPUT -s 10.0.0.1-10.0.0.5 -j DROP'));
row(
  'load-missing-chain',
  '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j LOGDROP\nCOMMIT\n',
  '-A INPUT -j LOGDROP',
);
row('load-missing-chain', '*filter\n:INPUT ACCEPT [0:0]\n:LOGDROP - [0:0]\n-A INPUT -j LOGDROP\nCOMMIT\n');
row('load-missing-chain', '*filter\n-A INPUT -j LOGDROP\nCOMMIT\n');
row('load-missing-chain', '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j TARPIT\nCOMMIT\n');
row('load-jump-loop', table('-A INPUT -j a\n-A a -j b\n-A b -j a'), '-A b -j a');
row('load-jump-loop', table('-A INPUT -j a\n-A a -j b\n-A FORWARD -j b\n-A b -j DROP'));
row(
  'load-missing-set',
  {
    'rules.v4': table('-A INPUT -m set --match-set bad src -j DROP'),
    'ipset.txt': 'create good hash:ip family inet hashsize 1024 maxelem 65536\n',
  },
  '-A INPUT -m set --match-set bad src -j DROP',
);
row('load-missing-set', {
  'rules.v4': table('-A INPUT -m set --match-set good src -j DROP'),
  'ipset.txt': 'create good hash:ip family inet hashsize 1024 maxelem 65536\n',
});
row('load-missing-set', table('-A INPUT -m set --match-set bad src -j DROP'));
row('load-table-again', `${table(SSH)}${table(SSH)}`, 'line 7');
row('load-table-again', `${table(SSH)}${nat(dnat('10.1.0.5'))}`);

// Docker
const docker = (user: string, forward = ''): string =>
  `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:DOCKER - [0:0]\n:DOCKER-FORWARD - [0:0]\n:DOCKER-USER - [0:0]\n-A FORWARD -j DOCKER-USER\n-A FORWARD -j DOCKER-FORWARD\n${forward}-A DOCKER ! -i docker0 -o docker0 -j DROP\n-A DOCKER-FORWARD -i docker0 -j ACCEPT\n${user}COMMIT\n`;
row(
  'docker-user-after-return',
  docker('-A DOCKER-USER -j RETURN\n-A DOCKER-USER -s 10.9.0.0/16 -j DROP\n'),
  '-A DOCKER-USER -s 10.9.0.0/16 -j DROP',
);
row('docker-user-after-return', docker('-A DOCKER-USER -s 10.9.0.0/16 -j DROP\n-A DOCKER-USER -j RETURN\n'));
row('docker-forward-order', docker('', '-A FORWARD -o docker0 -j DROP\n'), '-A FORWARD -o docker0 -j DROP');
row('docker-forward-order', docker('-A DOCKER-USER -o docker0 -j DROP\n'));
row('docker-forward-order', docker('', '-A FORWARD -i docker0 -o docker0 -j DROP\n'));
row(
  'docker-foreign-rule',
  docker('-A DOCKER-FORWARD -s 10.9.0.0/16 -j DROP\n'),
  '-A DOCKER-FORWARD -s 10.9.0.0/16 -j DROP',
);
row('docker-foreign-rule', docker('-A DOCKER-USER -s 10.9.0.0/16 -j DROP\n'));

// IPv6
const CLOSED4 = table(SSH, { policies: 'INPUT=DROP' });
const GENERATED6 = '# Generated by ip6tables-save v1.8.9 (nf_tables)\n';
row(
  'v6-open',
  { 'rules.v4': CLOSED4, 'rules.v6': `${GENERATED6}${table('')}`, 'ip-addr.txt': ADDR },
  'line 2',
);
row('v6-open', { 'rules.v4': CLOSED4, 'rules.v6': `${GENERATED6}${CLOSED4}`, 'ip-addr.txt': ADDR });
row('v6-open', { 'rules.v4': CLOSED4, 'ip-addr.txt': ADDR });
row('v6-open', {
  'rules.v4': CLOSED4,
  'rules.v6': `${GENERATED6}${table('')}`,
  'ip-addr.txt': ADDR.replace(/^ +inet6.*\n/m, ''),
});
row('v6-open', {
  'rules.v4': CLOSED4,
  'rules.v6': `${GENERATED6}${table('-A INPUT -i eth0 -j REJECT')}`,
  'ip-addr.txt': ADDR,
});
row('v6-nd-blocked', `${GENERATED6}${CLOSED4}`, 'line 3');
row(
  'v6-nd-blocked',
  `${GENERATED6}${table(`-A INPUT -p ipv6-icmp -j ACCEPT\n${SSH}`, { policies: 'INPUT=DROP' })}`,
);
row(
  'v6-nd-blocked',
  `${GENERATED6}${table('-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT', { policies: 'INPUT=DROP' })}`,
);

// The host
row(
  'iface-missing',
  { 'rules.v4': table('-A INPUT -i enp3s0 -j DROP'), 'ip-addr.txt': ADDR },
  '-A INPUT -i enp3s0 -j DROP',
);
row('iface-missing', { 'rules.v4': table('-A INPUT -i eth1 -j DROP'), 'ip-addr.txt': ADDR });
row('iface-missing', { 'rules.v4': table('-A INPUT -i ppp+ -j DROP'), 'ip-addr.txt': ADDR });
row('iface-missing', table('-A INPUT -i enp3s0 -j DROP'));
row('iface-never-seen', table('-A INPUT -i eth0:1 -j DROP'), '-A INPUT -i eth0:1 -j DROP');
row(
  'iface-never-seen',
  { 'rules.v4': table('-A INPUT -i eth2 -j DROP'), 'ip-addr.txt': ADDR },
  '-A INPUT -i eth2 -j DROP',
);
row('iface-never-seen', { 'rules.v4': table('-A INPUT -i br0 -j DROP'), 'ip-addr.txt': ADDR });
const PASS = '-A FORWARD -i eth1 -j ACCEPT';
row('host-forward-off', { 'rules.v4': table(PASS), 'sysctl.txt': 'net.ipv4.ip_forward = 0\n' }, PASS);
row('host-forward-off', { 'rules.v4': table(PASS), 'sysctl.txt': 'net.ipv4.ip_forward = 1\n' });
row('host-forward-off', {
  'rules.v4': table(PASS),
  'sysctl.txt': 'net.ipv4.ip_forward = 0\nnet.ipv4.conf.eth1.forwarding = 1\n',
});
row('host-forward-off', table(PASS));
const LEGACY = '# Generated by iptables-save v1.8.9 on Mon Jan  5 10:00:00 2026\n';
const NFT = '# Generated by iptables-save v1.8.9 (nf_tables) on Mon Jan  5 10:00:00 2026\n';
row('host-two-backends', { 'legacy.txt': `${LEGACY}${table(SSH)}`, 'nft.txt': `${NFT}${table(SSH)}` }, SSH);
row('host-two-backends', { 'legacy.txt': `${LEGACY}${table('')}`, 'nft.txt': `${NFT}${table(SSH)}` });
row('host-two-backends', `${NFT}${table(SSH)}`);
const TRUST = '-A INPUT -s 10.1.0.0/24 -j ACCEPT';
const RP = (value: number): string =>
  ['all', 'eth0', 'eth1', 'br0'].map((name) => `net.ipv4.conf.${name}.rp_filter = ${value}\n`).join('');
row('host-spoofing', { 'rules.v4': table(TRUST), 'ip-addr.txt': ADDR, 'sysctl.txt': RP(0) }, TRUST);
row('host-spoofing', { 'rules.v4': table(TRUST), 'ip-addr.txt': ADDR, 'sysctl.txt': RP(1) });
row('host-spoofing', {
  'rules.v4': table(TRUST.replace('-j', '-i eth1 -j')),
  'ip-addr.txt': ADDR,
  'sysctl.txt': RP(0),
});
row('host-spoofing', { 'rules.v4': table(TRUST), 'ip-addr.txt': ADDR });
row('host-spoofing', {
  'rules.v4': `${table(TRUST)}${table('-A PREROUTING -m rpfilter --invert -j DROP', { name: 'raw' })}`,
  'ip-addr.txt': ADDR,
  'sysctl.txt': RP(0),
});

describe.each(CHECKS.map(({ id }) => id))('%s', (id) => {
  const own = rows.filter((each) => each.id === id);

  it.each(
    own.map(
      (each) =>
        [each.told.length === 0 ? 'near miss' : 'told', Object.values(each.files).join('\n'), each] as const,
    ),
  )('%s: %s', async (_what, _text, { files, told }) => {
    const { findings } = await lintFiles(files, { only: [id] });
    expect(findings.map(({ at }) => ('rule' in at ? at.rule.text : `line ${at.line}`))).toEqual(told);
  });

  it('has both', () => {
    // Docker's view comes with a bundle: below.
    if (id === 'nat-dnat-gone') expect(own).toEqual([]);
    else expect(new Set(own.map(({ told }) => told.length > 0))).toEqual(new Set([true, false]));
  });
});

/** Rules that a packet never comes to, with the level that this has. */
const LEVELS: readonly (readonly [level: string, rules: string])[] = [
  // Said once more, to be sure: the same happens without.
  [
    'rule-out-of-reach note',
    '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p tcp -j ssh\n-A ssh -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A ssh -p tcp -m tcp --dport 22 -j DROP',
  ],
  [
    'rule-out-of-reach warning',
    '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j DROP\n-A INPUT -p tcp -j ssh\n-A ssh -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A ssh -p tcp -m tcp --dport 22 -j DROP',
  ],
  ['rule-shadowed note', `-A INPUT -j web\n${SSH}\n-A web -p tcp -j ACCEPT`],
  ['rule-shadowed warning', `-A INPUT -j web\n${SSH}\n-A web -s 10.0.0.0/8 -j DROP\n-A web -p tcp -j ACCEPT`],
  ['rule-shadowed warning', `-A INPUT -p tcp -m tcp --dport 22 -j DROP\n${SSH}`],
];

describe('levels', () => {
  it.each(LEVELS)('%s: %s', async (level, rules) => {
    const { findings } = await lintFiles({ 'rules.v4': table(rules) }, { only: [level.split(' ')[0] ?? ''] });
    expect(findings.map(({ id, severity }) => `${id} ${severity}`)).toEqual([level]);
  });
});

describe('nat-dnat-gone', () => {
  const BUNDLE = 'captures/docker-publish-healthy/bundle';

  async function withRule(rule: string): Promise<string[]> {
    const folder = mkdtempSync(join(tmpdir(), 'nettrace-lint-'));
    try {
      cpSync(BUNDLE, folder, { recursive: true, filter: (path) => !path.endsWith('.pcap') });
      const path = join(folder, 'namespaces/host/iptables-save.txt');
      const text = readFileSync(path, 'utf8');
      expect(text).toMatch(/^\*nat$/m);
      writeFileSync(path, text.replace(/^(\*nat\n(?:[:#].*\n)*)/m, `$1${rule}\n`));
      const { findings } = await lintPaths([folder], { only: ['nat-dnat-gone'] });
      return findings.map(({ at }) => ('rule' in at ? at.rule.text : ''));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  const to = (address: string): string =>
    `-A PREROUTING -p tcp -m tcp --dport 7000 -j DNAT --to-destination ${address}`;

  it('is told of a container’s address that nobody has', async () => {
    expect(await withRule(to('172.17.0.77:80'))).toEqual([to('172.17.0.77:80')]);
  });

  it.each(['10.201.5.2:80', '172.17.0.1:80', '10.99.0.1:80'])('not of %s', async (address) => {
    expect(await withRule(to(address))).toEqual([]);
  });
});
