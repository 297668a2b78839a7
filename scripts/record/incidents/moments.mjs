/** Something changes while the captures run: it failed and works from then on, or the other way round. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bridgedHost } from '../lib/networks.mjs';

export const moments = [
  {
    name: 'forwarding-switched-on-meanwhile',
    title: 'ip_forward was switched on while a ping ran; sysctl was dumped before and after',
    hostname: 'rack-7',
    quiet: true,
    about: `
\`gauge\` pings 192.0.2.88 through a host that does not forward. Somebody saves the settings, switches net.ipv4.ip_forward on
while the ping runs, and saves the settings again. The same ping is answered from then on.`,
    see: `
Echo requests on \`plant0\` that go no further, and from one moment on go out by \`eth0\` and are answered. The first dump says
\`net.ipv4.ip_forward = 0\`, the second 1. A connection that was tried before died of the same; one after it works.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.64.8.21',
        server: '192.0.2.88',
        status: 'degraded',
        cause: 'fwd-ip-forward-off',
        namespace: 'host',
        sysctl: 'net.ipv4.ip_forward',
        mustNot: ['ext-drop-after-host', 'nat-masquerade-missing', 'lost-between-captures'],
        fixCommandShouldContain: 'ip_forward',
      },
      {
        protocol: 'tcp',
        client: '10.64.8.21',
        server: '192.0.2.88',
        port: 9443,
        status: 'dropped',
        cause: 'fwd-ip-forward-off',
        namespace: 'host',
        sysctl: 'net.ipv4.ip_forward',
      },
      { protocol: 'tcp', client: '10.64.8.21', server: '192.0.2.88', port: 443 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['plant0', '10.64.8.1/24'],
        members: [['gauge', 'eth0', '10.64.8.21/24', 'plant0-g']],
        uplink: ['eth0', '203.0.113.140/24'],
        gateway: '203.0.113.129',
        remotes: ['192.0.2.88'],
      });
      const [gauge] = inside;
      await outside.start('peer tcp-serve 192.0.2.88 443 nginx');
      await outside.start('peer tcp-serve 192.0.2.88 9443 nginx');
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.64.8.0/24 -o eth0 -j MASQUERADE
        sysctl -qw net.ipv4.ip_forward=0`);
      const [bridge, uplink] = await lab.capture(host, ['plant0', 'eth0']);
      const pinging = lab.works(gauge, 'ping -n -c 18 -i 0.5 -W 1 192.0.2.88', /packet loss/);
      await lab.fails(gauge, 'peer tcp-ask 192.0.2.88 9443', /timed out/);
      await lab.dumpMeanwhile(host, { form: 'text', only: ['sysctl'], suffix: '-before' });
      await sleep(300);
      await host.sh('sysctl -qw net.ipv4.ip_forward=1');
      await sleep(900);
      await lab.works(gauge, 'peer tcp-ask 192.0.2.88 443');
      await pinging;
      await lab.dump(host, { form: 'text', only: ['sysctl'], suffix: '-after' });
      lab.seen(bridge, 'icmp[0] == 8 and dst host 192.0.2.88', 18);
      lab.seen(uplink, 'icmp[0] == 8 and src host 203.0.113.140');
      lab.seen(bridge, 'icmp[0] == 0 and src host 192.0.2.88');
      lab.unseen(uplink, 'tcp port 9443');
      await lab.dump(host, {
        form: 'text',
        only: ['ip-addr', 'ip-route', 'ip-rule', 'ip-neigh', 'iptables-save', 'bridge-link'],
      });
      await lab.dump(gauge, { form: 'text', only: ['ip-addr', 'ip-route', 'ip-neigh'] });
    },
  },
  {
    name: 'rule-removed-between-two-saves',
    title: 'a DROP rule was removed while clients retried; iptables-save -c was run before and after',
    hostname: 'db-gate',
    quiet: true,
    about: `
\`report\` asks a database behind the host, on port 5432, again and again. A rule from an old maintenance window drops it. Somebody
runs \`iptables-save -c\`, deletes the rule, and runs it again when everything works.`,
    see: `
SYNs on \`office0\` that are not on \`data0\`, until one is, and is answered. The two saves differ in one rule; between them the
counters of the rules that stayed went on. The ping beside it never failed.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.91.4.30',
        server: '10.92.4.7',
        port: 5432,
        clientPort: 41520,
        status: 'degraded',
        cause: 'flt-rule-drop',
        namespace: 'host',
        rule: { table: 'filter', chain: 'FORWARD', number: 2 },
        mustNot: ['sock-not-listening', 'lost-between-captures', 'flt-forward-policy-drop'],
        fixCommandShouldContain: 'iptables',
      },
      { protocol: 'icmp', client: '10.91.4.30', server: '10.92.4.7' },
    ],
    async record(lab) {
      const { host } = lab;
      await host.sh('sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=0');
      const report = await lab.netns('report');
      const store = await lab.netns('store');
      await lab.bridge(host, 'office0', '10.91.4.1/24', [[report, 'eth0', '10.91.4.30/24', 'office0-r']]);
      await lab.bridge(host, 'data0', '10.92.4.1/24', [[store, 'eth0', '10.92.4.7/24', 'data0-s']]);
      await store.start('peer tcp-serve 10.92.4.7 5432 postgres');
      await host.sh(`
        iptables -P FORWARD DROP
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -d 10.92.4.7/32 -p tcp -m tcp --dport 5432 -j DROP
        iptables -A FORWARD -i office0 -o data0 -j ACCEPT`);
      const [office, data] = await lab.capture(host, ['office0', 'data0']);
      const pinging = lab.works(report, 'ping -n -c 16 -i 0.6 -W 1 10.92.4.7', / 0% packet loss/);
      const asking = lab.works(report, 'peer tcp-ask 10.92.4.7 5432 --from 41520 --seconds 12');
      await sleep(2600);
      await lab.ruleHit(host, 'filter FORWARD 2', '--dport 5432 -j DROP', 2);
      await lab.dumpMeanwhile(host, { form: 'text', only: ['iptables-save'], suffix: '-1' });
      await sleep(1400);
      await host.sh('iptables -D FORWARD -d 10.92.4.7/32 -p tcp -m tcp --dport 5432 -j DROP');
      await asking;
      await lab.works(report, 'peer tcp-ask 10.92.4.7 5432');
      await pinging;
      await lab.dump(host, { form: 'text', only: ['iptables-save'], suffix: '-2' });
      lab.seen(office, 'tcp[13] == 2 and dst port 5432');
      lab.seen(data, 'tcp[13] == 18 and src port 5432');
      await lab.dump(host, {
        form: 'text',
        only: ['ip-addr', 'ip-route', 'ip-rule', 'ip-neigh', 'sysctl', 'bridge-link'],
      });
      await lab.dump(report, { form: 'text', only: ['ip-addr', 'ip-route', 'ip-neigh'] });
      await lab.dump(store, { form: 'text', only: ['ip-addr', 'ip-route', 'ip-neigh', 'ss'] });
    },
  },
  {
    name: 'policy-turns-while-pinging',
    title:
      'it worked and stopped: the policy of FORWARD became DROP while a ping ran; all dumps are from afterwards',
    hostname: 'lab-host',
    quiet: true,
    about: `
\`builder\` has a ping running to 192.0.2.14. Then a container engine is installed on the host, whose first act is
\`iptables -P FORWARD DROP\`. The ping is not answered any more. Everything was dumped afterwards.`,
    see: `
Echo requests and replies on both interfaces until one moment; after that requests on \`guests0\` only. The dump of the rules
explains the time after, and contradicts the time before: with these rules no answer could have come.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.55.6.77',
        server: '192.0.2.14',
        status: 'degraded',
        cause: 'flt-forward-policy-drop',
        namespace: 'host',
        mustNot: ['ext-drop-after-host', 'nat-masquerade-missing', 'lost-between-captures'],
        fixCommandShouldContain: 'iptables',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { inside } = await bridgedHost(lab, {
        bridge: ['guests0', '10.55.6.1/24'],
        members: [['builder', 'eth0', '10.55.6.77/24', 'guests0-b']],
        uplink: ['enp3s0', '203.0.113.61/24'],
        gateway: '203.0.113.1',
        remotes: ['192.0.2.14'],
      });
      const [builder] = inside;
      await host.sh('iptables -t nat -A POSTROUTING -s 10.55.6.0/24 -o enp3s0 -j MASQUERADE');
      const [bridge, uplink] = await lab.capture(host, ['guests0', 'enp3s0']);
      const pinging = lab.works(builder, 'ping -n -c 20 -i 0.5 -W 1 192.0.2.14', /packet loss/);
      await sleep(4100);
      await host.sh('iptables -P FORWARD DROP');
      await pinging;
      await lab.captured();
      lab.seen(bridge, 'icmp[0] == 8', 20);
      lab.seen(uplink, 'icmp[0] == 0');
      await lab.ruleHit(host, 'filter FORWARD 0', '-P FORWARD DROP', 3);
      await lab.dump(host, { form: 'text' });
      await lab.dump(builder, { form: 'text', only: ['ip-addr', 'ip-route', 'ip-neigh'] });
    },
  },
  {
    name: 'remote-begins-to-answer',
    title: 'a remote did not answer, and then it did: nothing of this host changed',
    hostname: 'edge-2',
    quiet: true,
    about: `
\`sensor\` pings 192.0.2.171, which is silent at first and answers after some seconds: its own firewall was changed. The host did
everything right all the time.`,
    see: `
Echo requests leave by \`wan0\`, translated, before and after the moment alike, with the same MAC and TTL. Only the
answers begin. Nothing in the dumps explains that, nor can it.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.23.9.4',
        server: '192.0.2.171',
        status: 'degraded',
        statusAlso: ['delivered'],
        cause: 'ext-drop-after-host',
        mustNot: [
          'fwd-ip-forward-off',
          'nat-masquerade-missing',
          'nat-rule-after-flow',
          'flt-forward-policy-drop',
        ],
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['field0', '10.23.9.1/24'],
        members: [['sensor', 'eth0', '10.23.9.4/24', 'field0-s']],
        uplink: ['wan0', '198.51.100.9/24'],
        gateway: '198.51.100.1',
        remotes: ['192.0.2.171'],
      });
      const [sensor] = inside;
      await host.sh('iptables -t nat -A POSTROUTING -s 10.23.9.0/24 -o wan0 -j MASQUERADE');
      await outside.sh('iptables -A INPUT -d 192.0.2.171 -j DROP');
      const [bridge, uplink] = await lab.capture(host, ['field0', 'wan0']);
      const pinging = lab.works(sensor, 'ping -n -c 16 -i 0.5 -W 1 192.0.2.171', /packet loss/);
      await sleep(3900);
      await outside.sh('iptables -F INPUT');
      await pinging;
      await lab.captured();
      lab.seen(uplink, 'icmp[0] == 8 and src host 198.51.100.9', 16);
      lab.seen(bridge, 'icmp[0] == 0');
      await lab.dump(host, { form: 'text' });
      await lab.dump(sensor, { form: 'text', only: ['ip-addr', 'ip-route', 'ip-neigh'] });
    },
  },
  {
    name: 'translated-from-then-on',
    title: 'a MASQUERADE rule was corrected between two connections; all dumps are from afterwards',
    hostname: 'site-b',
    quiet: true,
    about: `
\`pos\` connects to 192.0.2.64:7000 and gets no answer: the MASQUERADE rule names a subnet that is not its own. Somebody corrects
the rule; the next connection works. Everything was dumped afterwards, so no dump shows what was wrong.`,
    see: `
SYNs leave \`eth0\` from 10.140.2.15, unanswered; from one moment on they leave from 203.0.113.90. The rules of the dump would
have translated the first ones as well: they are younger.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.140.2.15',
        server: '192.0.2.64',
        port: 7000,
        clientPort: 41800,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'nat-rule-after-flow',
        namespace: 'host',
        mustNot: ['ext-drop-after-host', 'fwd-ip-forward-off', 'nat-masquerade-missing'],
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['tills0', '10.140.2.1/24'],
        members: [['pos', 'eth0', '10.140.2.15/24', 'tills0-p']],
        uplink: ['eth0', '203.0.113.90/24'],
        gateway: '203.0.113.65',
        remotes: ['192.0.2.64'],
      });
      const [pos] = inside;
      await outside.start('peer tcp-serve 192.0.2.64 7000 acquirer');
      await host.sh('iptables -t nat -A POSTROUTING -s 10.140.20.0/24 -o eth0 -j MASQUERADE');
      const [, uplink] = await lab.capture(host, ['tills0', 'eth0']);
      await lab.fails(pos, 'peer tcp-ask 192.0.2.64 7000 --from 41800', /timed out/);
      await host.sh('iptables -t nat -R POSTROUTING 1 -s 10.140.2.0/24 -o eth0 -j MASQUERADE');
      await sleep(400);
      await lab.works(pos, 'peer tcp-ask 192.0.2.64 7000');
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 2 and src host 10.140.2.15');
      lab.seen(uplink, 'tcp[13] == 2 and src host 203.0.113.90', 1);
      await lab.dump(host, { form: 'text' });
      await lab.dump(pos, { form: 'text', only: ['ip-addr', 'ip-route', 'ip-neigh'] });
    },
  },
  {
    name: 'healthy-with-hiccups',
    title: 'a lost packet, a connection that is slow to start, a capture that begins late: nothing changed',
    hostname: 'node-9',
    quiet: true,
    about: `
\`kiosk\` pings 192.0.2.33 and loses one packet of eighteen. A connection to port 8443 loses its first SYN and is made with
the second. The capture on the uplink was started some seconds after that on the bridge.`,
    see: `
One echo request without reply, with answered ones around it; one SYN sent twice. \`eth0\` begins in the middle of the ping, and
shows nothing of what was before. None of it is a moment from which something behaves otherwise.`,
    expect: [
      { protocol: 'icmp', client: '10.12.40.6', server: '192.0.2.33' },
      { protocol: 'tcp', client: '10.12.40.6', server: '192.0.2.33', port: 8443 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['hall0', '10.12.40.1/24'],
        members: [['kiosk', 'eth0', '10.12.40.6/24', 'hall0-k']],
        uplink: ['eth0', '198.51.100.77/24'],
        gateway: '198.51.100.65',
        remotes: ['192.0.2.33'],
      });
      const [kiosk] = inside;
      await outside.start('peer tcp-serve 192.0.2.33 8443 envoy');
      await host.sh('iptables -t nat -A POSTROUTING -s 10.12.40.0/24 -o eth0 -j MASQUERADE');
      await outside.sh(`
        iptables -A INPUT -p icmp -m statistic --mode nth --every 100 --packet 8 -j DROP
        iptables -A INPUT -p tcp --syn -m statistic --mode nth --every 2 --packet 0 -j DROP`);
      const bridge = await lab.capture(host, 'hall0');
      const pinging = lab.works(kiosk, 'ping -n -c 18 -i 0.5 -W 1 192.0.2.33', /17 received/);
      await sleep(2800);
      await lab.capture(host, 'eth0');
      await lab.works(kiosk, 'peer tcp-ask 192.0.2.33 8443');
      await pinging;
      await lab.captured();
      lab.seen(bridge, 'icmp[0] == 0', 17);
      lab.seen(bridge, 'tcp[13] == 2', 2);
      await lab.dump(host, { form: 'text' });
      await lab.dump(kiosk, { form: 'text', only: ['ip-addr', 'ip-route', 'ip-neigh'] });
    },
  },
];
