/** Rules and policies that drop or reject. */

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
];
