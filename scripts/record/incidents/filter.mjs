/** Rules and policies that drop or reject. */
import { bridgedHost, routed } from '../lib/networks.mjs';

const SERVICES = [
  ['tcp', 22, '10.12.0.0/16'],
  ['tcp', 25, '172.29.4.25'],
  ['tcp', 53, '172.29.4.53'],
  ['udp', 53, '172.29.4.53'],
  ['tcp', 80, '172.29.4.0/24'],
  ['tcp', 110, '172.29.4.25'],
  ['udp', 123, '172.29.4.0/24'],
  ['tcp', 143, '172.29.4.25'],
  ['udp', 161, '172.29.4.161'],
  ['tcp', 389, '172.29.4.38'],
  ['tcp', 443, '172.29.4.0/24'],
  ['tcp', 465, '172.29.4.25'],
  ['udp', 514, '172.29.4.99'],
  ['tcp', 587, '172.29.4.25'],
  ['tcp', 636, '172.29.4.38'],
  ['tcp', 993, '172.29.4.25'],
];

export const filter = [
  {
    name: 'dropped-by-a-remembered-address',
    title: 'a rule drops addresses that it remembers; what it remembers, only the kernel knows',
    hostname: 'gate',
    about: `
A gateway drops HTTPS from addresses in its list of offenders (\`-m recent\`). The list lives in the kernel and was filled
before anything was captured: neither capture nor rules tell who is in it. Somebody has switched the kernel's trace on.`,
    see: `
The SYN to 172.29.4.30:443 comes in on \`lan0\` and is never on \`dmz0\`. The trace shows its last step: rule 2 of FORWARD.`,
    expect: [
      {
        protocol: 'tcp',
        client: '172.29.1.77',
        server: '172.29.4.30',
        port: 443,
        status: 'dropped',
        cause: 'flt-rule-drop',
        namespace: 'host',
        rule: { table: 'filter', chain: 'FORWARD', number: 2 },
        mustNot: ['flt-forward-policy-drop', 'fwd-ip-forward-off', 'ext-drop-after-host'],
      },
      { protocol: 'tcp', client: '172.29.1.77', server: '172.29.4.30', port: 80 },
    ],
    async record(lab) {
      const { host } = lab;
      const desk = await lab.machine('desk');
      const server = await lab.machine('server');
      await lab.wire(host, 'lan0', desk, 'eth0');
      await lab.wire(host, 'dmz0', server, 'eth0');
      await desk.sh('ip addr add 172.29.1.77/24 dev eth0; ip route add default via 172.29.1.1');
      await server.sh('ip addr add 172.29.4.30/24 dev eth0; ip route add default via 172.29.4.1');
      await host.sh(`
        ip addr add 172.29.1.1/24 dev lan0; ip addr add 172.29.4.1/24 dev dmz0
        sysctl -qw net.ipv4.ip_forward=1
        iptables-restore <<'RULES'
*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -i lan0 -p tcp --syn -j TRACE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -p tcp -m tcp --dport 443 -m recent --rcheck --name offenders --rsource -j DROP
-A FORWARD -i lan0 -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
RULES
        echo +172.29.1.77 > /proc/net/xt_recent/offenders`);
      await server.start('peer tcp-serve 0.0.0.0 443 nginx');
      await server.start('peer tcp-serve 0.0.0.0 80 nginx');
      const monitor = await host.start("sh -c 'echo ready; exec stdbuf -oL xtables-monitor --trace'");
      const [lan, dmz] = await lab.capture(host, ['lan0', 'dmz0']);
      await lab.works(desk, 'peer tcp-ask 172.29.4.30 80');
      await lab.fails(desk, 'peer tcp-ask 172.29.4.30 443', /timed out/);
      await lab.captured();
      monitor.child.kill();
      await monitor.ended;
      lab.file('traces/host/xtables-monitor.txt', monitor.output.replace(/^ready\n/, ''));
      lab.seen(lan, 'tcp[tcpflags] == tcp-syn and dst port 443');
      lab.unseen(dmz, 'port 443');
      await lab.ruleHit(host, 'filter FORWARD 2', '--name offenders', 1);
      await lab.dump(host);
    },
  },
  {
    name: 'drop-deep-in-chain',
    title: 'one rule among many, two user chains down, drops TCP 8443',
    hostname: 'gate',
    about: `
A gateway with a grown ruleset: FORWARD jumps to \`services\`, that to \`admin-ports\`, and there a rule drops 8443
before the final ACCEPT of \`services\` is reached. Port 443 of the same server works.`,
    see: `
The SYN to 172.29.4.30:8443 comes in on \`lan0\` and is never on \`dmz0\`; the SYN to port 443 is on both. The counter of
the rule in \`admin-ports\` has one packet for each SYN.`,
    expect: [
      {
        protocol: 'tcp',
        client: '172.29.1.77',
        server: '172.29.4.30',
        port: 8443,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'flt-rule-drop',
        namespace: 'host',
        rule: { table: 'filter', chain: 'admin-ports', number: 4 },
        mustNot: [
          'flt-forward-policy-drop',
          'fwd-ip-forward-off',
          'ext-drop-after-host',
          'nat-masquerade-missing',
        ],
        fixCommandShouldContain: 'admin-ports',
      },
      { protocol: 'tcp', client: '172.29.1.77', server: '172.29.4.30', port: 443 },
    ],
    async record(lab) {
      const { host } = lab;
      const desk = await lab.machine('desk');
      const server = await lab.machine('server');
      await lab.wire(host, 'lan0', desk, 'eth0');
      await lab.wire(host, 'dmz0', server, 'eth0');
      await desk.sh('ip addr add 172.29.1.77/24 dev eth0; ip route add default via 172.29.1.1');
      await server.sh('ip addr add 172.29.4.30/24 dev eth0; ip route add default via 172.29.4.1');
      const rules = SERVICES.map(
        ([protocol, port, to]) => `-A services -d ${to} -p ${protocol} --dport ${port} -j allowed`,
      );
      await host.sh(`
        ip addr add 172.29.1.1/24 dev lan0; ip addr add 172.29.4.1/24 dev dmz0
        sysctl -qw net.ipv4.ip_forward=1
        iptables-restore <<'RULES'
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:services - [0:0]
:admin-ports - [0:0]
:allowed - [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o dmz0 -j services
-A FORWARD -i dmz0 -o lan0 -p icmp --icmp-type echo-reply -j ACCEPT
${rules.join('\n')}
-A services -p tcp -m tcp --dport 8000:9999 -j admin-ports
-A services -p tcp -m comment --comment "everything else by TCP" -j ACCEPT
-A admin-ports -s 10.12.0.0/16 -j allowed
-A admin-ports -p tcp -m tcp --dport 9090 -j allowed
-A admin-ports -p tcp -m multiport --dports 8000,8008,8080 -j RETURN
-A admin-ports -p tcp -m multiport --dports 8443,9443 -j DROP
-A admin-ports -p tcp -m tcp --dport 9000:9099 -j DROP
-A allowed -m limit --limit 5/min -j LOG --log-prefix "allowed "
-A allowed -j ACCEPT
COMMIT
RULES`);
      await server.start('peer tcp-serve 0.0.0.0 443 nginx');
      await server.start('peer tcp-serve 0.0.0.0 8443 java');
      const [lan, dmz] = await lab.capture(host, ['lan0', 'dmz0']);
      await lab.works(desk, 'peer tcp-ask 172.29.4.30 443');
      await lab.fails(desk, 'peer tcp-ask 172.29.4.30 8443', /timed out/);
      await lab.captured();
      lab.seen(lan, 'tcp[tcpflags] == tcp-syn and dst port 8443');
      lab.unseen(dmz, 'port 8443');
      await lab.ruleHit(host, 'filter admin-ports 4', '--dports 8443,9443 -j DROP', 2);
      await lab.dump(host, { plus: ['nft-ruleset'] });
    },
  },
  {
    name: 'forward-policy-drops-udp',
    title: 'RADIUS by UDP dies on the FORWARD policy; only TCP was allowed',
    hostname: 'closet',
    about: `
FORWARD has policy DROP and accepts what comes from \`ops0\` by TCP. \`nas\` asks a RADIUS server by UDP, port 1812.`,
    see: `
The datagrams are on \`ops0\` and not on \`eth0\`; the policy's counter has them. A TCP connection to the same server
passes both ways.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.150.0.20',
        server: '203.0.113.77',
        port: 1812,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'flt-forward-policy-drop',
        namespace: 'host',
        rule: { table: 'filter', chain: 'FORWARD', number: null, policy: 'DROP' },
        mustNot: ['fwd-ip-forward-off', 'nat-masquerade-missing', 'ext-drop-after-host', 'flt-rule-drop'],
        fixCommandShouldContain: 'FORWARD',
      },
      { protocol: 'tcp', client: '10.150.0.20', server: '203.0.113.77', port: 2083 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['ops0', '10.150.0.1/24'],
        members: [['nas', 'eth0', '10.150.0.20/24', 'ops-nas']],
        uplink: ['eth0', '203.0.113.5/25'],
        gateway: '203.0.113.77',
      });
      await host.sh(`
        iptables -P FORWARD DROP
        iptables -A FORWARD -i ops0 -p tcp -j ACCEPT
        iptables -A FORWARD -o ops0 -m state --state RELATED,ESTABLISHED -j ACCEPT
        iptables -t nat -A POSTROUTING -s 10.150.0.0/24 -o eth0 -j MASQUERADE`);
      await outside.start('peer udp-serve 203.0.113.77 1812 radiusd');
      await outside.start('peer tcp-serve 203.0.113.77 2083 radsecproxy');
      const [bridge, uplink] = await lab.capture(host, ['ops0', 'eth0']);
      await lab.works(inside[0], 'peer tcp-ask 203.0.113.77 2083');
      await lab.fails(inside[0], 'peer udp-ask 203.0.113.77 1812 --tries 4', /0 of 4 answered/);
      await lab.captured();
      lab.seen(bridge, 'udp port 1812', 4);
      lab.unseen(uplink, 'udp port 1812');
      await lab.ruleHit(host, 'filter FORWARD 0', '-P FORWARD DROP', 4);
      lab.dropped('NETFILTER_DROP');
      await lab.dump(host);
    },
  },
  {
    name: 'forward-reply-blocked',
    title: 'requests may leave, replies may not come in: no rule for ESTABLISHED',
    about: `
A ruleset that thinks in one direction: FORWARD accepts \`-i stage0\`, and ends in DROP for everything else. The reply of
the server comes in on \`dsl0\`.`,
    see: `
SYN on both interfaces, SYN-ACK on \`dsl0\` only, again and again. The counter of the last rule has the replies.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.0.40.14',
        server: '198.51.100.200',
        port: 8009,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'flt-forward-reply-blocked',
        alsoAcceptable: ['flt-rule-drop'],
        namespace: 'host',
        rule: { table: 'filter', chain: 'FORWARD', number: 2 },
        mustNot: [
          'fwd-ip-forward-off',
          'nat-masquerade-missing',
          'ext-drop-after-host',
          'route-missing-return',
        ],
        fixCommandShouldContain: 'ESTABLISHED',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['stage0', '10.0.40.1/24'],
        members: [['blue-app', 'eth0', '10.0.40.14/24', 'stage-1']],
        uplink: ['dsl0', '192.0.2.6/29'],
        gateway: '192.0.2.1',
        remotes: ['198.51.100.200'],
      });
      await host.sh(`
        iptables -A FORWARD -i stage0 -j ACCEPT
        iptables -A FORWARD -j DROP
        iptables -t nat -A POSTROUTING -o dsl0 -j MASQUERADE`);
      await outside.start('peer tcp-serve 198.51.100.200 8009 tomcat');
      const [bridge, uplink] = await lab.capture(host, ['stage0', 'dsl0']);
      await lab.fails(inside[0], 'peer tcp-ask 198.51.100.200 8009', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 18 and dst host 192.0.2.6');
      lab.unseen(bridge, 'src host 198.51.100.200');
      await lab.ruleHit(host, 'filter FORWARD 2', '-j DROP', 2);
      await lab.dump(host, { form: 'text' });
    },
  },
  {
    name: 'reject-admin-prohibited',
    title: 'SNMP is answered with "administratively prohibited" by a rule on the way',
    about: `
A monitoring station asks a switch by SNMP through the router \`core\`, whose FORWARD chain rejects UDP 161.`,
    see: `
On the station's side an ICMP "admin prohibited" (3/13) from the router's own address follows each request; on the
other side there is nothing. TCP 22 passes.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.80.1.30',
        server: '10.80.2.161',
        port: 161,
        status: 'rejected',
        cause: 'flt-reject',
        namespace: 'core',
        rule: { table: 'filter', chain: 'FORWARD', number: 3 },
        mustNot: ['route-special-type', 'ext-unreachable', 'sock-not-listening', 'flt-forward-policy-drop'],
        fixCommandShouldContain: 'FORWARD',
      },
      { protocol: 'tcp', client: '10.80.1.30', server: '10.80.2.161', port: 22 },
    ],
    async record(lab) {
      const station = await lab.netns('station');
      const core = await lab.netns('core');
      const switchbox = await lab.netns('switch');
      await routed(lab, {
        left: [station, 'eth0', '10.80.1.30/24'],
        router: [core, ['vlan10', '10.80.1.1/24'], ['vlan20', '10.80.2.1/24']],
        right: [switchbox, 'mgmt', '10.80.2.161/24'],
      });
      await station.sh('ip route add default via 10.80.1.1');
      await switchbox.sh('ip route add default via 10.80.2.1');
      await core.sh(`
        iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
        iptables -A FORWARD -s 10.80.1.5/32 -p udp --dport 161 -j ACCEPT
        iptables -A FORWARD -p udp -m udp --dport 161:162 -j REJECT --reject-with icmp-admin-prohibited
        iptables -A FORWARD -j ACCEPT`);
      await switchbox.start('peer udp-serve 0.0.0.0 161 snmpd');
      await switchbox.start('peer tcp-serve 0.0.0.0 22 dropbear');
      const [left, right] = await lab.capture(core, ['vlan10', 'vlan20']);
      await lab.works(station, 'peer tcp-ask 10.80.2.161 22');
      await lab.fails(station, 'peer udp-ask 10.80.2.161 161 --tries 2', /No route to host/);
      await lab.captured();
      lab.seen(left, 'icmp[0] == 3 and icmp[1] == 13 and src host 10.80.1.1');
      lab.unseen(right, 'udp port 161');
      await lab.ruleHit(core, 'filter FORWARD 3', 'icmp-admin-prohibited', 2);
      await lab.dump(core, { plus: ['iptables-save', 'conntrack'] });
      await lab.dump(station);
      await lab.dump(switchbox);
    },
  },
  {
    name: 'reject-tcp-reset',
    title: 'outgoing mail is reset by the host itself, in the name of the server',
    about: `
A rule against spam: \`-p tcp --dport 25 -j REJECT --reject-with tcp-reset\` in a user chain. The RST carries the
server's address, so to \`form\` it looks as if the server refused.`,
    see: `
SYN and RST on \`web0\`; on \`eth0\` neither. A server that had not been asked cannot have refused.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.111.0.44',
        server: '192.0.2.25',
        port: 25,
        status: 'rejected',
        cause: 'flt-reject',
        namespace: 'host',
        rule: { table: 'filter', chain: 'no-mail', number: 2 },
        mustNot: ['sock-not-listening', 'ext-remote-reset', 'nat-no-dnat-host-rst', 'nat-masquerade-missing'],
        fixCommandShouldContain: 'no-mail',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['web0', '10.111.0.1/24'],
        members: [['form', 'eth0', '10.111.0.44/24', 'web0-f']],
        uplink: ['eth0', '203.0.113.99/24'],
        gateway: '203.0.113.254',
        remotes: ['192.0.2.25'],
      });
      await host.sh(`
        iptables -N no-mail
        iptables -A FORWARD -o eth0 -j no-mail
        iptables -A no-mail -s 10.111.0.25/32 -j RETURN
        iptables -A no-mail -p tcp -m tcp --dport 25 -j REJECT --reject-with tcp-reset
        iptables -t nat -A POSTROUTING -s 10.111.0.0/24 ! -o web0 -j MASQUERADE`);
      await outside.start('peer tcp-serve 192.0.2.25 25 postfix');
      const [bridge, uplink] = await lab.capture(host, ['web0', 'eth0']);
      await lab.fails(inside[0], 'echo HELO | nc -w 3 192.0.2.25 25', /Connection refused/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] & 4 != 0 and src host 192.0.2.25');
      lab.unseen(uplink, 'tcp');
      await lab.ruleHit(host, 'filter no-mail 2', '--reject-with tcp-reset');
      await lab.dump(host, { form: 'text', only: ['ip-addr', 'ip-route', 'iptables-save', 'sysctl'] });
    },
  },
  {
    name: 'input-drops-management',
    title: 'a service of the host itself times out: INPUT drops TCP 2222',
    hostname: 'bastion',
    quiet: true,
    about: `
sshd of the host listens on 2222. A later DROP rule for that port in INPUT was forgotten; 8022, the second port of the
same service, answers.`,
    see: `
SYNs to 2222 on \`eth0\` and no answer of any kind; the rule's counter has one for each.`,
    expect: [
      {
        protocol: 'tcp',
        client: '192.0.2.77',
        server: '192.0.2.70',
        port: 2222,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'flt-input-drop',
        namespace: 'host',
        rule: { table: 'filter', chain: 'INPUT', number: 4 },
        mustNot: [
          'sock-not-listening',
          'flt-forward-policy-drop',
          'nat-no-dnat-host-rst',
          'ext-drop-after-host',
        ],
        fixCommandShouldContain: 'INPUT',
      },
      { protocol: 'tcp', client: '192.0.2.77', server: '192.0.2.70', port: 8022 },
    ],
    async record(lab) {
      const { host } = lab;
      const admin = await lab.machine('admin');
      await lab.wire(host, 'eth0', admin, 'eth0');
      await host.sh('ip addr add 192.0.2.70/27 dev eth0');
      await admin.sh('ip addr add 192.0.2.77/27 dev eth0');
      await host.sh(`
        iptables -A INPUT -i lo -j ACCEPT
        iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A INPUT -p icmp -j ACCEPT
        iptables -A INPUT ! -s 192.0.2.65/32 -p tcp -m tcp --dport 2222 -m comment --comment "only from the jump host" -j DROP
        iptables -A INPUT -p tcp -m multiport --dports 2222,8022 -j ACCEPT
        iptables -A INPUT -j REJECT --reject-with icmp-host-prohibited`);
      await host.start('peer tcp-serve 0.0.0.0 2222 sshd');
      await host.start('peer tcp-serve 0.0.0.0 8022 sshd');
      const uplink = await lab.capture(host, 'eth0');
      await lab.works(admin, 'peer tcp-ask 192.0.2.70 8022');
      await lab.fails(admin, 'echo hello | nc -w 3 192.0.2.70 2222', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 2 and dst port 2222');
      lab.unseen(uplink, 'src port 2222');
      await lab.ruleHit(host, 'filter INPUT 4', '--dport 2222', 2);
      await lab.dump(host);
    },
  },
  {
    name: 'input-blocks-container',
    title: 'a namespace cannot reach the database of its host: INPUT policy DROP',
    about: `
\`worker\` connects to PostgreSQL on the host's bridge address. The host's firewall has INPUT policy DROP and opens 5432
on \`eth0\` only, so that machines outside can reach it and the namespaces of the host can not.`,
    see: `
SYNs on \`jobs0\` to 10.240.0.1 without any answer; the policy counts them. From outside, on \`eth0\`, it works.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.240.0.31',
        server: '10.240.0.1',
        port: 5432,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'flt-input-blocks-container',
        alsoAcceptable: ['flt-input-drop'],
        namespace: 'host',
        rule: { table: 'filter', chain: 'INPUT', number: null, policy: 'DROP' },
        mustNot: [
          'sock-not-listening',
          'sock-loopback-bound',
          'flt-forward-policy-drop',
          'fwd-ip-forward-off',
        ],
        fixCommandShouldContain: 'INPUT',
      },
      { protocol: 'tcp', client: '203.0.113.130', server: '203.0.113.131', port: 5432 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['jobs0', '10.240.0.1/24'],
        members: [['worker', 'eth0', '10.240.0.31/24', 'jobs0-w31']],
        uplink: ['eth0', '203.0.113.131/25'],
        gateway: '203.0.113.130',
      });
      await host.sh(`
        iptables -P INPUT DROP
        iptables -A INPUT -i lo -j ACCEPT
        iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A INPUT -i eth0 -p tcp -m multiport --dports 22,5432 -j ACCEPT`);
      await host.start('peer tcp-serve 0.0.0.0 5432 postgres');
      const [bridge, uplink] = await lab.capture(host, ['jobs0', 'eth0']);
      await lab.works(outside, 'peer tcp-ask 203.0.113.131 5432');
      await lab.fails(inside[0], 'echo hello | nc -w 3 10.240.0.1 5432', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 2 and dst host 10.240.0.1');
      lab.unseen(bridge, 'tcp and src host 10.240.0.1');
      lab.seen(uplink, 'tcp[13] == 18');
      await lab.ruleHit(host, 'filter INPUT 0', '-P INPUT DROP', 2);
      await lab.dump(host, { form: 'text' });
      await lab.dump(inside[0], { form: 'text' });
    },
  },
];
