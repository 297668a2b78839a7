/** What conntrack makes nothing of leaves as it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bridgedHost } from '../lib/networks.mjs';

export const invalid = [
  {
    name: 'stray-segment-leaves-untranslated',
    title:
      'a segment with a private source on the uplink: it was far outside the window, so it was not translated',
    hostname: 'nat-7',
    about: `
\`agent\` talks to a server on the internet, through MASQUERADE. One of its segments has a sequence number far outside the window, as a broken offload
makes them. The provider complains of private sources on the line; the connection itself goes on.`,
    see: `
The connection on \`eth0\` has the source 203.0.113.61, but for one segment, which has 10.143.2.9 there as on \`br-iot\`, and a sequence number 400 million
too high. \`conntrack-stats.txt\` counts it as invalid.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.143.2.9',
        server: '192.0.2.200',
        port: 4433,
        status: 'degraded',
        statusAlso: ['delivered'],
        cause: 'ct-invalid-leak',
        namespace: 'host',
        mustNot: [
          'nat-masquerade-missing',
          'nat-rule-after-flow',
          'nat-entry-lost-midflow',
          'nat-notrack',
          'ext-drop-after-host',
        ],
        fixCommandShouldContain: 'FORWARD -m conntrack --ctstate INVALID -j DROP',
      },
      { protocol: 'icmp', client: '10.143.2.9', server: '192.0.2.200' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['br-iot', '10.143.2.1/24'],
        members: [['agent', 'eth0', '10.143.2.9/24', 'iot9']],
        uplink: ['eth0', '203.0.113.61/24'],
        gateway: '203.0.113.1',
        remotes: ['192.0.2.200'],
      });
      const [agent] = inside;
      await outside.start('peer tcp-serve 192.0.2.200 4433 mqttd');
      await host.sh('iptables -t nat -A POSTROUTING -s 10.143.2.0/24 -o eth0 -j MASQUERADE');
      const [bridge, uplink] = await lab.capture(host, ['br-iot', 'eth0']);
      await lab.works(agent, 'ping -n -c 2 -i 0.3 192.0.2.200');
      const talk = 'peer tcp-talk 192.0.2.200 4433 --seconds 2.6 --stray 1.3';
      await lab.works(agent, talk);
      await lab.captured();
      lab.seen(bridge, 'tcp dst port 4433 and src host 10.143.2.9');
      lab.seen(uplink, 'tcp dst port 4433 and src host 203.0.113.61');
      lab.seen(uplink, 'tcp dst port 4433 and src host 10.143.2.9', 1);
      await lab.dump(host, { plus: ['conntrack-stats'] });
      await lab.dump(agent, { form: 'text' });
      await host.sh('iptables -I FORWARD -m conntrack --ctstate INVALID -j DROP');
      await lab.worksBefore(agent, talk, 'with `iptables -I FORWARD -m conntrack --ctstate INVALID -j DROP`');
      await lab.ruleHit(host, 'filter FORWARD 1', '--ctstate INVALID -j DROP', 1);
    },
  },
  {
    name: 'forgotten-and-not-picked-up',
    title:
      'connections hang after a failover: the new entry is not made in mid-connection, so all that follows leaves untranslated',
    hostname: 'fw-active',
    about: `
A firewall pair took over without its connections (here: \`conntrack -F\`). \`nf_conntrack_tcp_loose\` is 0, as hardening guides ask, so a connection
in the middle is INVALID to it. A backup that runs hangs; new connections work.`,
    see: `
Until the flush the segments leave \`wan0\` from 198.51.100.7; after it they leave from 10.58.4.40, unchanged, again and again, and the server, which
knows nobody of that address, says nothing. \`conntrack -S\` counts invalid.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.58.4.40',
        server: '192.0.2.91',
        port: 8730,
        status: 'degraded',
        statusAlso: ['no-reply'],
        cause: 'ct-invalid-leak',
        alsoAcceptable: ['nat-entry-lost-midflow'],
        namespace: 'host',
        mustNot: [
          'nat-masquerade-missing',
          'nat-rule-after-flow',
          'nat-notrack',
          'ext-drop-after-host',
          'mtu-pmtu-blackhole',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'nf_conntrack_tcp_loose=1',
      },
      { protocol: 'tcp', client: '10.58.4.40', server: '192.0.2.92', port: 443 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['lan0', '10.58.4.1/24'],
        members: [['vault', 'eth0', '10.58.4.40/24', 'lan0-v']],
        uplink: ['wan0', '198.51.100.7/24'],
        gateway: '198.51.100.1',
        remotes: ['192.0.2.91', '192.0.2.92'],
      });
      const [vault] = inside;
      await outside.start('peer tcp-serve 192.0.2.91 8730 backupd');
      await outside.start('peer tcp-serve 192.0.2.92 443 nginx');
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.58.4.0/24 -o wan0 -j MASQUERADE
        sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0`);
      const [bridge, uplink] = await lab.capture(host, ['lan0', 'wan0']);
      const talk = 'peer tcp-talk 192.0.2.91 8730 --seconds 2.5';
      const talking = lab.fails(vault, talk, /timed out/);
      await sleep(1100);
      await host.sh('conntrack -F');
      await lab.works(vault, 'peer tcp-ask 192.0.2.92 443');
      await talking;
      await lab.captured();
      lab.seen(bridge, 'tcp dst port 8730 and src host 10.58.4.40');
      lab.seen(uplink, 'tcp dst port 8730 and src host 198.51.100.7');
      lab.seen(uplink, 'tcp dst port 8730 and src host 10.58.4.40');
      await lab.dump(host, { plus: ['conntrack-stats'] });
      await lab.dump(vault, { form: 'text' });
      await host.sh('sysctl -qw net.netfilter.nf_conntrack_tcp_loose=1');
      const again = vault.attempt(talk);
      await sleep(1100);
      await host.sh('conntrack -F');
      const { code, output } = await again;
      if (code !== 0) throw new Error(`with tcp_loose=1: ${output}`);
      lab.verified.push(
        'vault: the same connection survives `conntrack -F` with `sysctl -w net.netfilter.nf_conntrack_tcp_loose=1`',
      );
    },
  },
];
