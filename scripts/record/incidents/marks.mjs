/** Routes chosen by firewall mark: the mark comes too late, or not again. */
import { bridgedHost } from '../lib/networks.mjs';

/** A second provider on `device`, with its own table that packets of `mark` are routed by. */
async function secondUplink(lab, { device, own, gateway, table, mark, remotes }) {
  const { host } = lab;
  const provider = await lab.machine('provider-2');
  await lab.wire(host, device, provider, 'eth0');
  const length = own.split('/')[1];
  await provider.sh(`ip addr add ${gateway}/${length} dev eth0; sysctl -qw net.ipv4.ip_forward=1`);
  for (const remote of remotes) await provider.sh(`ip addr add ${remote}/32 dev lo`);
  await host.sh(`
    ip addr add ${own} dev ${device}
    ip route add default via ${gateway} dev ${device} table ${table}
    ip rule add pref 1000 fwmark ${mark} lookup ${table}`);
  return provider;
}

export const marks = [
  {
    name: 'marked-after-routing',
    title:
      'a mark was to send backups by the second line; it is set in FORWARD, where the route is already chosen',
    hostname: 'gw-branch',
    about: `
A branch office with two lines. The backup server 192.0.2.80 lets in only the address of the second one. \`ip rule\` sends packets
with mark 0x2 to table 202, and a rule marks TCP 873 of the office with 0x2, in mangle FORWARD. Everything else is to go by the first line.`,
    see: `
The SYNs come in on \`office0\` and leave by \`eth0\`, with its address; \`lte0\` never sees one. The MARK rule counts every SYN. Web
traffic to another server works, and is not marked.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.83.20.15',
        server: '192.0.2.80',
        port: 873,
        status: 'no-reply',
        cause: 'route-mark-too-late',
        namespace: 'host',
        rule: { table: 'mangle', chain: 'FORWARD', number: 1 },
        mustNot: [
          'ext-drop-after-host',
          'nat-masquerade-missing',
          'route-policy-hijack',
          'lost-between-captures',
        ],
        fixCommandShouldContain: '-t mangle -A PREROUTING',
      },
      { protocol: 'tcp', client: '10.83.20.15', server: '192.0.2.81', port: 443 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['office0', '10.83.20.1/24'],
        members: [['nas', 'eth0', '10.83.20.15/24', 'office0-n']],
        uplink: ['eth0', '198.51.100.34/24'],
        gateway: '198.51.100.1',
        remotes: ['192.0.2.81'],
      });
      const [nas] = inside;
      const provider = await secondUplink(lab, {
        device: 'lte0',
        own: '203.0.113.34/24',
        gateway: '203.0.113.1',
        table: 202,
        mark: '0x2',
        remotes: ['192.0.2.80'],
      });
      await outside.sh('ip route add blackhole 192.0.2.80/32');
      await outside.start('peer tcp-serve 192.0.2.81 443 nginx');
      await provider.start('peer tcp-serve 192.0.2.80 873 rsync');
      await host.sh(`
        iptables -t mangle -A FORWARD -s 10.83.20.0/24 -p tcp -m tcp --dport 873 -j MARK --set-xmark 0x2/0xffffffff
        iptables -t nat -A POSTROUTING -s 10.83.20.0/24 -o eth0 -j MASQUERADE
        iptables -t nat -A POSTROUTING -s 10.83.20.0/24 -o lte0 -j MASQUERADE`);
      const [bridge, first, second] = await lab.capture(host, ['office0', 'eth0', 'lte0']);
      await lab.works(nas, 'peer tcp-ask 192.0.2.81 443');
      await lab.fails(nas, 'peer tcp-ask 192.0.2.80 873', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 2 and dst port 873');
      lab.seen(first, 'tcp[13] == 2 and dst port 873 and src host 198.51.100.34');
      lab.unseen(second, 'tcp port 873');
      await lab.ruleHit(host, 'mangle FORWARD 1', '--dport 873 -j MARK', 2);
      await lab.dump(host);
      await lab.dump(nas, { form: 'text' });
      await lab.repaired(
        host,
        'iptables -t mangle -A PREROUTING -s 10.83.20.0/24 -p tcp -m tcp --dport 873 -j MARK --set-xmark 0x2/0xffffffff',
        nas,
        'peer tcp-ask 192.0.2.80 873',
      );
    },
  },
  {
    name: 'answers-by-the-other-line',
    title:
      'a service is forwarded from two lines; by the second one it is dead, since answers lose their mark',
    hostname: 'gw-clinic',
    about: `
Port 8443 is forwarded from both uplinks to \`portal\`. Connections that come in by \`dsl2\` get connection mark 0x20;
\`ip rule\` routes marked packets by table 120, whose default route is \`dsl2\`. Nothing restores the mark for the answers.`,
    see: `
The SYN comes in on \`dsl2\` and reaches \`portal\`; the SYN-ACK leaves by \`eth0\`, with the address of \`dsl2\` as its source. The provider behind \`eth0\`
drops sources that aren't its own. \`conntrack.txt\` has the connection with mark=32, SYN_RECV. By \`eth0\` the same service works.`,
    expect: [
      {
        protocol: 'tcp',
        client: '192.0.2.140',
        server: '203.0.113.98',
        port: 8443,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'route-connmark-not-restored',
        namespace: 'host',
        rule: { table: 'mangle', chain: 'PREROUTING', number: 1 },
        mustNot: [
          'ext-drop-after-host',
          'route-asymmetric-reply',
          'nat-reply-bypass',
          'lost-between-captures',
          'route-policy-hijack',
        ],
        fixCommandShouldContain: '--restore-mark',
      },
      { protocol: 'tcp', client: '192.0.2.150', server: '198.51.100.98', port: 8443 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['ward0', '10.19.40.1/24'],
        members: [['portal', 'eth0', '10.19.40.8/24', 'ward0-p']],
        uplink: ['eth0', '198.51.100.98/24'],
        gateway: '198.51.100.1',
        remotes: ['192.0.2.150'],
      });
      const [portal] = inside;
      const provider = await secondUplink(lab, {
        device: 'dsl2',
        own: '203.0.113.98/24',
        gateway: '203.0.113.1',
        table: 120,
        mark: '0x20',
        remotes: ['192.0.2.140'],
      });
      await outside.sh('iptables -t raw -A PREROUTING -i eth0 ! -s 198.51.100.0/24 -j DROP');
      await portal.start('peer tcp-serve 0.0.0.0 8443 portald');
      await host.sh(`
        iptables -t mangle -A PREROUTING -i dsl2 -m conntrack --ctstate NEW -j CONNMARK --set-xmark 0x20/0xffffffff
        iptables -t nat -A PREROUTING -i eth0 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 10.19.40.8:8443
        iptables -t nat -A PREROUTING -i dsl2 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 10.19.40.8:8443
        iptables -t nat -A POSTROUTING -s 10.19.40.0/24 ! -o ward0 -j MASQUERADE`);
      const [first, second, bridge] = await lab.capture(host, ['eth0', 'dsl2', 'ward0']);
      await lab.works(outside, 'peer tcp-ask 198.51.100.98 8443 --source 192.0.2.150');
      await lab.fails(provider, 'peer tcp-ask 203.0.113.98 8443 --source 192.0.2.140', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 18 and dst host 192.0.2.140');
      lab.seen(first, 'tcp[13] == 18 and src host 203.0.113.98 and dst host 192.0.2.140');
      lab.unseen(second, 'tcp[13] == 18');
      await lab.ruleHit(host, 'mangle PREROUTING 1', '-j CONNMARK --set-xmark', 1);
      await lab.dump(host);
      await lab.dump(portal, { form: 'text' });
      await lab.repaired(
        host,
        'iptables -t mangle -I PREROUTING -i ward0 -j CONNMARK --restore-mark',
        provider,
        'peer tcp-ask 203.0.113.98 8443 --source 192.0.2.140',
      );
    },
  },
  {
    name: 'only-the-first-packet-is-marked',
    title:
      'uploads by the second line stop after the handshake: only the first packet of a connection gets the mark',
    hostname: 'gw-studio',
    about: `
\`ip rule\` routes mark 0x5 by table 205, whose default route is the second line \`fib1\`. New connections of \`render\` to TCP 9000 get that
mark, and it is saved for the connection. For later packets nobody restores it.`,
    see: `
SYN and SYN-ACK pass \`fib1\`. The ACK and the data come in on \`stud0\` and leave by \`eth0\`, translated to the address of \`fib1\`; the provider behind
\`eth0\` drops sources that aren't its own. The far end sends its SYN-ACK again and again.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.66.9.12',
        server: '192.0.2.177',
        port: 9000,
        status: 'degraded',
        statusAlso: ['no-reply', 'dropped'],
        cause: 'route-connmark-not-restored',
        namespace: 'host',
        rule: { table: 'mangle', chain: 'PREROUTING', number: 2 },
        mustNot: [
          'mtu-pmtu-blackhole',
          'ext-drop-after-host',
          'lost-between-captures',
          'nat-entry-lost-midflow',
        ],
        fixCommandShouldContain: '--restore-mark',
      },
      { protocol: 'tcp', client: '10.66.9.12', server: '192.0.2.178', port: 443 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['stud0', '10.66.9.1/24'],
        members: [['render', 'eth0', '10.66.9.12/24', 'stud0-r']],
        uplink: ['eth0', '198.51.100.210/24'],
        gateway: '198.51.100.1',
        remotes: ['192.0.2.178'],
      });
      const [render] = inside;
      const provider = await secondUplink(lab, {
        device: 'fib1',
        own: '203.0.113.210/24',
        gateway: '203.0.113.1',
        table: 205,
        mark: '0x5',
        remotes: ['192.0.2.177'],
      });
      await outside.start('peer tcp-serve 192.0.2.178 443 nginx');
      await outside.sh('iptables -t raw -A PREROUTING -i eth0 ! -s 198.51.100.0/24 -j DROP');
      await provider.start('peer tcp-serve 192.0.2.177 9000 ingest');
      await host.sh(`
        iptables -t mangle -A PREROUTING -i stud0 -p tcp -m tcp --dport 9000 -m conntrack --ctstate NEW -j MARK --set-xmark 0x5/0xffffffff
        iptables -t mangle -A PREROUTING -i stud0 -m mark --mark 0x5 -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff
        iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
        iptables -t nat -A POSTROUTING -o fib1 -j SNAT --to-source 203.0.113.210`);
      const [bridge, first, second] = await lab.capture(host, ['stud0', 'eth0', 'fib1']);
      await lab.works(render, 'peer tcp-ask 192.0.2.178 443');
      await lab.fails(render, 'peer tcp-ask 192.0.2.177 9000', /timed out/);
      await lab.captured();
      lab.seen(second, 'tcp[13] == 2 and src host 203.0.113.210 and dst port 9000');
      lab.seen(bridge, 'tcp[13] == 18 and src port 9000');
      lab.seen(bridge, 'tcp[13] & 8 != 0 and dst port 9000');
      lab.seen(first, 'tcp[13] & 8 != 0 and src host 203.0.113.210 and dst port 9000');
      lab.unseen(second, 'tcp[13] & 8 != 0 and dst port 9000');
      await lab.ruleHit(host, 'mangle PREROUTING 2', '-j CONNMARK --save-mark', 1);
      await lab.dump(host);
      await lab.dump(render, { form: 'text' });
      await lab.repaired(
        host,
        'iptables -t mangle -I PREROUTING -i stud0 -j CONNMARK --restore-mark',
        render,
        'peer tcp-ask 192.0.2.177 9000',
      );
    },
  },
];
