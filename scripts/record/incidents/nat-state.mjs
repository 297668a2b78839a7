/** Translation that conntrack remembers, or has forgotten: the rules alone don't say what becomes of a packet. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bridgedHost } from '../lib/networks.mjs';

export const natState = [
  {
    name: 'masquerade-added-while-pinging',
    title: 'MASQUERADE was added while a ping ran: that ping still leaves untranslated, a new one works',
    hostname: 'bench-2',
    about: `
\`probe\` pings 192.0.2.53 and gets no answer, because the host lacks MASQUERADE. Somebody adds the rule while the ping runs.
The ping goes on failing; another one, started after the rule, works at once. The host has a stateful filter, so
connections were tracked before there was any NAT rule.`,
    see: `
Echo requests with one id leave \`ens3\` from 10.77.4.9 until the end. Another id, in between, leaves from 203.0.113.77. The
entry of the first in \`conntrack.txt\` is UNREPLIED and its reply half leads to 10.77.4.9: no translation.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.77.4.9',
        server: '192.0.2.53',
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'nat-rule-after-flow',
        namespace: 'host',
        mustNot: [
          'nat-masquerade-missing',
          'nat-masquerade-mismatch',
          'ext-drop-after-host',
          'fwd-ip-forward-off',
        ],
        fixCommandShouldContain: 'conntrack -D',
      },
      { protocol: 'icmp', client: '10.77.4.9', server: '192.0.2.54' },
      { protocol: 'tcp', client: '10.77.4.9', server: '192.0.2.54', port: 443 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['lan0', '10.77.4.1/24'],
        members: [['probe', 'eth0', '10.77.4.9/24', 'lan0-p1']],
        uplink: ['ens3', '203.0.113.77/24'],
        gateway: '203.0.113.1',
        remotes: ['192.0.2.53', '192.0.2.54'],
      });
      const [probe] = inside;
      await outside.start('peer tcp-serve 192.0.2.54 443 nginx');
      await host.sh(`
        iptables -A INPUT -m conntrack --ctstate INVALID -j DROP
        iptables -P FORWARD DROP
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i lan0 -o ens3 -j ACCEPT`);
      const [bridge, uplink] = await lab.capture(host, ['lan0', 'ens3']);
      const pinging = lab.fails(probe, 'ping -n -c 12 -i 0.5 -W 1 192.0.2.53', /100% packet loss/);
      await sleep(1600);
      await host.sh('iptables -t nat -A POSTROUTING -s 10.77.4.0/24 -o ens3 -j MASQUERADE');
      await sleep(700);
      await lab.works(probe, 'ping -n -c 2 -i 0.5 -W 1 192.0.2.54', / 0% packet loss/);
      await lab.works(probe, 'peer tcp-ask 192.0.2.54 443');
      await pinging;
      await lab.captured();
      lab.seen(bridge, 'icmp[0] == 8 and dst host 192.0.2.53', 12);
      lab.seen(uplink, 'icmp[0] == 8 and src host 10.77.4.9 and dst host 192.0.2.53', 12);
      lab.seen(uplink, 'icmp[0] == 8 and src host 203.0.113.77 and dst host 192.0.2.54', 2);
      await lab.ruleHit(host, 'nat POSTROUTING 1', '-o ens3 -j MASQUERADE', 2);
      await lab.dump(host, { form: 'text' });
      await lab.dump(probe, { form: 'text', only: ['ip-addr', 'ip-route', 'ip-neigh'] });
      const ping = await probe.start('ping -n -e 777 192.0.2.53', /PING/);
      await host.sh('conntrack -F; iptables -t nat -D POSTROUTING 1');
      await sleep(1200);
      await host.sh('iptables -t nat -A POSTROUTING -s 10.77.4.0/24 -o ens3 -j MASQUERADE');
      await sleep(1200);
      await host.sh('conntrack -D -p icmp --orig-src 10.77.4.9 --orig-dst 192.0.2.53');
      await sleep(2200);
      if (!/bytes from/.test(ping.output)) throw new Error(`still no answer\n${ping.output}`);
      lab.verified.push('probe: a ping in the same state is answered from the moment `conntrack -D` is run');
    },
  },
  {
    name: 'syslog-to-the-old-collector',
    title: 'a collector moved to another address; the datagrams of one old sender still go to where it was',
    about: `
Port 5514/udp of the host is forwarded to a collector. It moved from 10.31.0.6 to 10.31.0.7 and the DNAT rule was changed. A
switch that logs all the time, always from port 51400, is missing since then; a newer sender arrives.`,
    see: `
On \`eth0\` the datagrams of both. On \`logs0\` those of the newer one go to 10.31.0.7, those of the first still to
10.31.0.6, which nobody has any more. The first one's entry in conntrack still has \`src=10.31.0.6\` in its reply half,
and lives as long as the switch keeps sending.`,
    expect: [
      {
        protocol: 'udp',
        client: '198.51.100.61',
        server: '198.51.100.20',
        port: 5514,
        clientPort: 51400,
        status: 'no-reply',
        statusAlso: ['dropped', 'rejected'],
        cause: 'nat-stale-udp',
        namespace: 'host',
        mustNot: ['neigh-failed', 'nat-dnat-wrong-target', 'nat-no-dnat-host-rst', 'fwd-ip-forward-off'],
        fixCommandShouldContain: 'conntrack -D',
      },
      { protocol: 'udp', client: '198.51.100.61', server: '198.51.100.20', port: 5514, clientPort: 40022 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['logs0', '10.31.0.1/24'],
        members: [
          ['old', 'eth0', '10.31.0.6/24', 'logs0-a'],
          ['collector', 'eth0', '10.31.0.7/24', 'logs0-b'],
        ],
        uplink: ['eth0', '198.51.100.20/24'],
        gateway: '198.51.100.61',
      });
      const [old, collector] = inside;
      await old.start('peer udp-serve 0.0.0.0 1514 syslogd');
      await collector.start('peer udp-serve 0.0.0.0 1514 syslogd');
      await host.sh(`
        iptables -t nat -A PREROUTING -i eth0 -p udp -m udp --dport 5514 -j DNAT --to-destination 10.31.0.6:1514
        iptables -t nat -A POSTROUTING -s 10.31.0.0/24 ! -o logs0 -j MASQUERADE`);
      await outside.sh('peer udp-ask 198.51.100.20 5514 --from 51400 --tries 2');
      await host.sh(`
        ip link del logs0-a; ip netns del old
        iptables -t nat -R PREROUTING 1 -i eth0 -p udp -m udp --dport 5514 -j DNAT --to-destination 10.31.0.7:1514`);
      const [uplink, bridge] = await lab.capture(host, ['eth0', 'logs0'], { pcapng: true });
      const logging = lab.fails(
        outside,
        'peer udp-ask 198.51.100.20 5514 --from 51400 --tries 9',
        /0 of 9 answered/,
      );
      await sleep(700);
      await lab.works(outside, 'peer udp-ask 198.51.100.20 5514 --from 40022', /3 of 3 answered/);
      await logging;
      await lab.captured();
      lab.seen(uplink, 'udp src port 51400 and dst port 5514');
      lab.unseen(bridge, 'udp src port 51400 and dst host 10.31.0.7');
      lab.seen(bridge, 'udp src port 40022 and dst host 10.31.0.7', 3);
      lab.seen(bridge, 'udp src port 51400 and dst host 10.31.0.6');
      await lab.dump(host, { form: 'text' });
      await lab.dump(collector, { form: 'text' });
      const again = 'peer udp-ask 198.51.100.20 5514 --from 51400';
      await lab.repaired(host, 'conntrack -D -p udp --orig-port-dst 5514', outside, again);
    },
  },
  {
    name: 'datagrams-before-the-rule',
    title: 'a sender was there before the DNAT rule: its datagrams stay with the host',
    hostname: 'edge-4',
    about: `
After a reboot the sensors began to send to port 8125/udp before the script that forwards it to \`stats\` had run. The host has
a stateful filter, whose INPUT drops what it doesn't know. One sensor keeps its socket and is lost; another, with a new
socket for each report, arrives.`,
    see: `
Datagrams from port 20125 on \`wan0\` and on no other interface, though a DNAT rule for the port stands there and counts others.
Their entry in conntrack is UNREPLIED and has the host's own address in its reply half: no translation.`,
    expect: [
      {
        protocol: 'udp',
        client: '192.0.2.131',
        server: '192.0.2.130',
        port: 8125,
        clientPort: 20125,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'nat-udp-pinned-no-nat',
        alsoAcceptable: ['nat-rule-after-flow'],
        namespace: 'host',
        mustNot: ['flt-input-drop', 'nat-dnat-mismatch', 'nat-no-dnat-host-rst', 'lost-between-captures'],
        fixCommandShouldContain: 'conntrack -D',
      },
      { protocol: 'udp', client: '192.0.2.131', server: '192.0.2.130', port: 8125, clientPort: 20200 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['mon0', '10.114.0.1/24'],
        members: [['stats', 'eth0', '10.114.0.25/24', 'mon0-1']],
        uplink: ['wan0', '192.0.2.130/24'],
        gateway: '192.0.2.131',
      });
      const [stats] = inside;
      await stats.start('peer udp-serve 0.0.0.0 8125 statsd');
      await host.sh(`
        iptables -P INPUT DROP
        iptables -A INPUT -i lo -j ACCEPT
        iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A INPUT -p icmp -j ACCEPT`);
      // What INPUT drops is never confirmed: the first datagrams came while it was still open.
      await host.sh('iptables -P INPUT ACCEPT');
      await outside.attempt('peer udp-ask 192.0.2.130 8125 --from 20125 --tries 2');
      await host.sh(`
        iptables -P INPUT DROP
        iptables -t nat -A PREROUTING -i wan0 -p udp -m udp --dport 8125 -j DNAT --to-destination 10.114.0.25:8125
        iptables -t nat -A POSTROUTING -s 10.114.0.0/24 -o wan0 -j MASQUERADE`);
      const [uplink, bridge] = await lab.capture(host, ['wan0', 'mon0']);
      const sending = lab.fails(
        outside,
        'peer udp-ask 192.0.2.130 8125 --from 20125 --tries 8',
        /0 of 8 answered/,
      );
      await sleep(900);
      await lab.works(outside, 'peer udp-ask 192.0.2.130 8125 --from 20200', /3 of 3 answered/);
      await sending;
      await lab.captured();
      lab.seen(uplink, 'udp src port 20125', 8);
      lab.unseen(bridge, 'udp port 20125');
      lab.seen(bridge, 'udp src port 20200', 3);
      await lab.dump(host);
      await lab.dump(stats);
      const again = 'peer udp-ask 192.0.2.130 8125 --from 20125';
      await lab.repaired(host, 'conntrack -D -p udp --orig-port-dst 8125', outside, again);
    },
  },
  {
    name: 'idle-connection-forgotten',
    title: 'a connection was silent longer than conntrack remembers it; then the server spoke first',
    about: `
A subscriber outside keeps a connection to a forwarded port. Somebody lowered
\`nf_conntrack_tcp_timeout_established\`, and nothing is said for longer than that; then the broker sends news.`,
    see: `
The handshake and the first answer come from port 7000 of the host, as asked. After five seconds of silence the news arrives on
\`eth0\` from port 7777, the broker's own, in the same sequence numbers: a new connection to conntrack, masqueraded. The
client knows no such connection and resets it. The broker then sends again and again.`,
    expect: [
      {
        protocol: 'tcp',
        client: '203.0.113.35',
        server: '203.0.113.30',
        port: 7000,
        status: 'degraded',
        statusAlso: ['delivered', 'no-reply', 'rejected'],
        cause: 'nat-entry-lost-midflow',
        namespace: 'host',
        mustNot: [
          'nat-snat-ports-exhausted',
          'nat-masquerade-too-broad',
          'ext-remote-reset',
          'sock-not-listening',
          'mtu-pmtu-blackhole',
        ],
        fixCommandShouldContain: 'nf_conntrack_tcp_timeout_established',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['mq0', '10.52.8.1/22'],
        members: [['broker', 'eth0', '10.52.8.40/22', 'mq0-b']],
        uplink: ['eth0', '203.0.113.30/24'],
        gateway: '203.0.113.35',
      });
      const [broker] = inside;
      await broker.start('peer tcp-serve 0.0.0.0 7777 brokerd --again 5');
      await host.sh(`
        iptables -t nat -A PREROUTING -d 203.0.113.30/32 -p tcp -m tcp --dport 7000 -j DNAT --to-destination 10.52.8.40:7777
        iptables -t nat -A POSTROUTING -s 10.52.8.0/22 ! -o mq0 -j MASQUERADE
        sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=3`);
      const [uplink, bridge] = await lab.capture(host, ['eth0', 'mq0']);
      await lab.fails(outside, 'peer tcp-wait 203.0.113.30 7000 --seconds 7', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 18 and src port 7000');
      lab.seen(uplink, 'src host 203.0.113.30 and tcp src port 7777');
      lab.seen(uplink, 'tcp[13] & 4 != 0 and dst port 7777');
      lab.seen(bridge, 'tcp[13] & 4 != 0 and dst port 7777');
      await lab.dump(host);
      await lab.dump(broker);
      const again = 'peer tcp-wait 203.0.113.30 7000 --seconds 7';
      await lab.repaired(
        host,
        'sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=432000',
        outside,
        again,
      );
    },
  },
];
