/** Networks that are known to one machine only, or are meant to be hidden. */
import { bridgedHost } from '../lib/networks.mjs';

export const everydayRoutes = [
  {
    name: 'only-the-answers-pass-here',
    title:
      'answers pass the firewall, questions go around it: conntrack calls the SYN-ACK INVALID, a rule drops it',
    hostname: 'firewall-1',
    quiet: true,
    about: `
\`clinic\` has two ways: its own line to \`archive\`, which its route uses, and the firewall, by which \`archive\` answers.
The firewall never saw the SYN, and drops what conntrack calls INVALID. Its ping to the firewall is answered.`,
    see: `
SYN-ACKs on \`in1\` and none on \`out1\`; no SYN on either. The INVALID rule counts.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.91.1.5',
        server: '10.91.2.6',
        port: 11112,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'ct-invalid-drop',
        namespace: 'host',
        mustNot: ['flt-rule-drop', 'fwd-ip-forward-off', 'ct-invalid-leak'],
      },
      { protocol: 'icmp', client: '10.91.1.5', server: '10.91.1.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const clinic = await lab.machine('clinic');
      const archive = await lab.machine('archive');
      await lab.wire(host, 'out1', clinic, 'eth0');
      await lab.wire(host, 'in1', archive, 'eth0');
      await lab.wire(clinic, 'line0', archive, 'line0');
      await host.sh(`
        sysctl -qw net.ipv4.ip_forward=1
        ip addr add 10.91.1.1/24 dev out1; ip addr add 10.91.2.1/24 dev in1
        iptables -A FORWARD -m conntrack --ctstate INVALID -j DROP
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i out1 -o in1 -p tcp --dport 11112 -j ACCEPT`);
      await clinic.sh(`
        ip addr add 10.91.1.5/24 dev eth0; ip addr add 10.91.9.1/30 dev line0
        ip route add 10.91.2.0/24 via 10.91.9.2 src 10.91.1.5`);
      await archive.sh(`
        ip addr add 10.91.2.6/24 dev eth0; ip addr add 10.91.9.2/30 dev line0; ip route add default via 10.91.2.1`);
      await archive.start('peer tcp-serve 10.91.2.6 11112 dicomd');
      const [left, right] = await lab.capture(host, ['out1', 'in1']);
      const [line] = await lab.capture(clinic, ['line0', 'eth0']);
      await lab.works(clinic, 'ping -n -c 2 -i 0.3 10.91.1.1');
      await lab.fails(clinic, 'peer tcp-ask 10.91.2.6 11112', /timed out/);
      await lab.captured();
      lab.seen(line, 'tcp[13] == 2');
      lab.seen(right, 'tcp[13] == 18');
      lab.unseen(right, 'tcp[13] == 2');
      lab.unseen(left, 'tcp');
      await lab.ruleHit(host, 'filter FORWARD 1', '--ctstate INVALID -j DROP', 1);
      await lab.dump(host, { form: 'text', plus: ['conntrack-stats'] });
      await lab.dump(clinic, { form: 'text' });
      await lab.dump(archive, { form: 'text' });
      await lab.repaired(
        host,
        'iptables -D FORWARD 1; iptables -P FORWARD ACCEPT',
        clinic,
        'peer tcp-ask 10.91.2.6 11112',
      );
    },
  },
  {
    name: 'lan-knows-nothing-of-the-lab',
    title:
      'a machine of the LAN can’t reach a namespace by its own address: only the host knows that network',
    hostname: 'bench',
    quiet: true,
    about: `
\`probe\` is behind the bridge of the host \`bench\`. From a laptop of the same LAN somebody pings its private address; the
laptop asks its default gateway, which has never heard of that network.`,
    see: `
Echo requests for 10.177.5.20 leave the laptop towards the gateway, which answers ICMP 3/0. On the host's \`eth0\`, none.`,
    expect: [
      {
        protocol: 'icmp',
        client: '192.0.2.140',
        server: '10.177.5.20',
        status: 'rejected',
        statusAlso: ['no-reply'],
        cause: 'route-external-to-private',
        alsoAcceptable: ['ext-unreachable'],
        mustNot: ['fwd-ip-forward-off', 'flt-reject', 'nat-masquerade-missing'],
        fixCommandShouldContain: 'route add 10.177.5.0/24 via 192.0.2.135',
      },
      { protocol: 'icmp', client: '192.0.2.140', server: '192.0.2.135' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside } = await bridgedHost(lab, {
        bridge: ['lab1', '10.177.5.1/24'],
        members: [['probe', 'eth0', '10.177.5.20/24', 'vprobe']],
        uplink: ['eth0', '192.0.2.135/25'],
        gateway: '192.0.2.140',
      });
      const gateway = await lab.machine('gateway');
      await lab.wire(outside, 'wan0', gateway, 'lan0');
      await gateway.sh('ip addr add 198.18.44.1/24 dev lan0; sysctl -qw net.ipv4.ip_forward=1');
      await gateway.sh('ip route add 192.0.2.128/25 via 198.18.44.2');
      await outside.sh(`
        ip addr add 198.18.44.2/24 dev wan0; ip route add default via 198.18.44.1 src 192.0.2.140`);
      await host.sh('iptables -t nat -A POSTROUTING -s 10.177.5.0/24 -o eth0 -j MASQUERADE');
      const uplink = await lab.capture(host, 'eth0');
      const sent = await lab.capture(outside, 'wan0');
      await lab.works(outside, 'ping -n -c 2 -i 0.3 192.0.2.135');
      await lab.fails(outside, 'ping -n -c 2 -i 0.5 -W 1 10.177.5.20', /Unreachable/);
      await lab.captured();
      lab.seen(sent, 'icmp[0] == 8 and dst host 10.177.5.20', 2);
      lab.unseen(uplink, 'host 10.177.5.20');
      await lab.dump(host, { form: 'text' });
      await lab.dump(outside, { form: 'text', only: ['ip-addr', 'ip-route', 'ip-neigh'] });
      await lab.repaired(
        outside,
        'ip route add 10.177.5.0/24 via 192.0.2.135',
        outside,
        'ping -n -c 1 -W 1 10.177.5.20',
      );
    },
  },
  {
    name: 'internal-network-stays-inside',
    title: 'a container of an internal network was given a route by hand, and still gets nowhere',
    hostname: 'vaults',
    quiet: true,
    about: `
\`ledger\` is on a network made with --internal; its rules are as Docker writes them. Somebody added a default route in the
container, since "Network is unreachable" was all it said.`,
    see: `
SYNs on the internal bridge, none on \`eth0\`. The isolation rule of that bridge counts.`,
    expect: [
      {
        protocol: 'tcp',
        client: '172.29.12.2',
        server: '192.0.2.211',
        port: 443,
        status: 'dropped',
        cause: 'flt-docker-internal',
        namespace: 'host',
        mustNot: ['flt-rule-drop', 'nat-masquerade-missing', 'flt-forward-policy-drop'],
      },
      { protocol: 'icmp', client: '172.29.12.2', server: '172.29.12.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['br-5d0c61b7e2f4', '172.29.12.1/24'],
        members: [['ledger', 'eth0', '172.29.12.2/24', 'veth70d1e6b']],
        uplink: ['eth0', '203.0.113.120/24'],
        gateway: '203.0.113.1',
        remotes: ['192.0.2.211'],
      });
      await host.sh(`
        iptables -N DOCKER-USER; iptables -N DOCKER-ISOLATION-STAGE-1; iptables -P FORWARD DROP
        iptables -A FORWARD -j DOCKER-USER; iptables -A FORWARD -j DOCKER-ISOLATION-STAGE-1
        iptables -A FORWARD -i br-5d0c61b7e2f4 -o br-5d0c61b7e2f4 -j ACCEPT
        iptables -A DOCKER-ISOLATION-STAGE-1 ! -s 172.29.12.0/24 -o br-5d0c61b7e2f4 -j DROP
        iptables -A DOCKER-ISOLATION-STAGE-1 ! -d 172.29.12.0/24 -i br-5d0c61b7e2f4 -j DROP
        iptables -A DOCKER-ISOLATION-STAGE-1 -j RETURN
        iptables -A DOCKER-USER -j RETURN`);
      await outside.start('peer tcp-serve 192.0.2.211 443 nginx');
      const [bridge, uplink] = await lab.capture(host, ['br-5d0c61b7e2f4', 'eth0']);
      await lab.works(inside[0], 'ping -n -c 2 -i 0.3 172.29.12.1');
      await lab.fails(inside[0], 'peer tcp-ask 192.0.2.211 443', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 2 and dst host 192.0.2.211');
      lab.unseen(uplink, 'tcp');
      await lab.ruleHit(host, 'filter DOCKER-ISOLATION-STAGE-1 2', '-j DROP', 1);
      await lab.dump(host, { form: 'text' });
      await lab.dump(inside[0], { form: 'text' });
    },
  },
  {
    name: 'sender-with-a-ttl-of-one',
    title: 'one container gets no farther than its gateway: it sends with a TTL of 1',
    hostname: 'depot',
    quiet: true,
    about: `
The image of \`beacon\` was made for multicast on one link, and its entry script sets net.ipv4.ip_default_ttl to 1. Now it
reports to a collector beyond the host, and "No route to host" is all it gets. \`scanner\`, on the same bridge, reports
without trouble.`,
    see: `
SYNs of 10.166.7.20 with TTL 1 on \`dock0\`, each answered by ICMP 11/0 of the host, and none on \`wan0\`. \`IpInHdrErrors\`
counts them.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.166.7.20',
        server: '203.0.113.188',
        port: 8089,
        status: 'rejected',
        statusAlso: ['dropped'],
        cause: 'ttl-expired',
        namespace: 'host',
        mustNot: ['route-loop', 'fwd-ip-forward-off', 'nat-masquerade-missing', 'ext-unreachable'],
      },
      { protocol: 'tcp', client: '10.166.7.21', server: '203.0.113.188', port: 8089 },
      { protocol: 'icmp', client: '10.166.7.20', server: '10.166.7.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['dock0', '10.166.7.1/24'],
        members: [
          ['beacon', 'eth0', '10.166.7.20/24', 'vbeacon'],
          ['scanner', 'eth0', '10.166.7.21/24', 'vscanner'],
        ],
        uplink: ['wan0', '192.0.2.188/24'],
        gateway: '192.0.2.1',
        remotes: ['203.0.113.188'],
      });
      const [beacon, scanner] = inside;
      await beacon.sh('sysctl -qw net.ipv4.ip_default_ttl=1');
      await host.sh('iptables -t nat -A POSTROUTING -s 10.166.7.0/24 -o wan0 -j MASQUERADE');
      await outside.start('peer tcp-serve 203.0.113.188 8089 collector');
      const [bridge, uplink] = await lab.capture(host, ['dock0', 'wan0']);
      await lab.works(beacon, 'ping -n -c 2 -i 0.3 10.166.7.1');
      await lab.works(scanner, 'peer tcp-ask 203.0.113.188 8089');
      await lab.fails(beacon, 'peer tcp-ask 203.0.113.188 8089', /No route to host/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 2 and src host 10.166.7.20 and ip[8] == 1');
      lab.seen(bridge, 'icmp[0] == 11 and dst host 10.166.7.20');
      lab.seen(uplink, 'tcp[13] == 2', 1);
      await lab.counted(host, 'IpInHdrErrors');
      await lab.dump(host, { form: 'text' });
      await lab.dump(beacon, { form: 'text' });
      await lab.repaired(
        beacon,
        'sysctl -qw net.ipv4.ip_default_ttl=64',
        beacon,
        'peer tcp-ask 203.0.113.188 8089',
      );
    },
  },
];
