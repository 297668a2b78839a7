/** Limits of number and rate: the first ones pass, and what comes after them is stopped. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bridgedHost, routed } from '../lib/networks.mjs';

const ADVICE = ['flt-rule-drop', 'sock-backlog-full', 'lost-between-captures', 'ext-remote-reset'];

export const limits = [
  {
    name: 'fourth-login-in-a-minute',
    title: 'the fourth connection to SSH within a minute is refused: a list of recent addresses',
    hostname: 'bastion',
    about: `
A bastion host that remembers who opened SSH connections (\`-m recent --set\`) and rejects whoever has been there four times in the last minute
(\`--update --hitcount 4\`). A deployment script opens one connection for each of its steps.`,
    see: `
Three connections that work, one after the other, and two that are answered by ICMP port unreachable of the bastion itself.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.117.3.9',
        server: '10.117.3.1',
        port: 22,
        clientPort: 41004,
        status: 'rejected',
        cause: 'flt-rate-limit',
        namespace: 'host',
        rule: { table: 'filter', chain: 'INPUT', number: 3 },
        mustNot: ADVICE,
      },
      { protocol: 'tcp', client: '10.117.3.9', server: '10.117.3.1', port: 22, clientPort: 41003 },
    ],
    async record(lab) {
      const { host } = lab;
      const builder = await lab.machine('builder');
      await lab.wire(host, 'mgmt0', builder, 'eth0');
      await host.sh('ip addr add 10.117.3.1/24 dev mgmt0');
      await builder.sh('ip addr add 10.117.3.9/24 dev eth0');
      await host.start('peer tcp-serve 0.0.0.0 22 sshd');
      await host.sh(`iptables-restore <<'RULES'
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --set --name logins --rsource
-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -m recent --update --seconds 60 --hitcount 4 --name logins --rsource -j REJECT
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
COMMIT
RULES`);
      await lab.capture(host, 'mgmt0');
      for (const port of [41_001, 41_002, 41_003])
        await lab.works(builder, `peer tcp-ask 10.117.3.1 22 --from ${port}`);
      for (const port of [41_004, 41_005])
        await lab.fails(builder, `peer tcp-ask 10.117.3.1 22 --from ${port}`, /refused/i);
      await lab.captured();
      await lab.ruleHit(host, 'filter INPUT 3', '--hitcount 4', 2);
      await lab.dump(host);
    },
  },
  {
    name: 'burst-beyond-the-hashlimit',
    title: 'the fourth request of a client times out: a hashlimit accepts three of a burst behind DNAT',
    hostname: 'shop-gate',
    about: `
A forwarded web server behind a FORWARD policy of DROP. What is accepted is limited for each client (\`hashlimit --hashlimit-upto 2/min
--hashlimit-burst 3\`): whoever exceeds it falls to the policy.`,
    see: `
Three connections are on both interfaces; the SYNs of the fourth are on \`ens192\` only. The policy counts them.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.177',
        server: '198.51.100.170',
        port: 8088,
        clientPort: 42004,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'flt-rate-limit',
        namespace: 'host',
        rule: { table: 'filter', chain: 'FORWARD', number: 2 },
        mustNot: [...ADVICE, 'flt-forward-policy-drop', 'nat-dnat-wrong-target'],
      },
      {
        protocol: 'tcp',
        client: '198.51.100.177',
        server: '198.51.100.170',
        port: 8088,
        clientPort: 42003,
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['virbr2', '192.168.142.1/24'],
        members: [['shop', 'ens3', '192.168.142.15/24', 'vnet2']],
        uplink: ['ens192', '198.51.100.170/24'],
        gateway: '198.51.100.177',
      });
      await inside[0].start('peer tcp-serve 0.0.0.0 80 nginx');
      await host.sh(`iptables-restore <<'RULES'
*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i ens192 -p tcp -m tcp --dport 8088 -j DNAT --to-destination 192.168.142.15:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i ens192 -o virbr2 -p tcp -m hashlimit --hashlimit-upto 2/min --hashlimit-burst 3 --hashlimit-mode srcip --hashlimit-name shop -j ACCEPT
COMMIT
RULES`);
      const [uplink, bridge] = await lab.capture(host, ['ens192', 'virbr2']);
      for (const port of [42_001, 42_002, 42_003])
        await lab.works(outside, `peer tcp-ask 198.51.100.170 8088 --from ${port}`);
      await lab.fails(outside, 'peer tcp-ask 198.51.100.170 8088 --from 42004', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[tcpflags] == tcp-syn and dst port 8088');
      lab.seen(bridge, 'tcp[tcpflags] == tcp-syn and dst port 80', 3);
      await lab.dump(host);
      await lab.dump(inside[0]);
    },
  },
  {
    name: 'more-connections-than-nft-allows',
    title: 'the fourth connection to the database is reset: nftables counts connections (ct count over 3)',
    hostname: 'db-gate',
    about: `
A router protects a database: \`tcp dport 3306 ct state new ct count over 3 reject with tcp reset\`, in a table of nftables' own. A pool of
clients holds three connections and wants a fourth.`,
    see: `
Three connections stay open; the fourth SYN is on \`office0\` and never on \`data0\`, and a RST comes back at once, made by the router.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.118.1.20',
        server: '10.118.2.7',
        port: 3306,
        clientPort: 43004,
        status: 'rejected',
        cause: 'flt-rate-limit',
        namespace: 'host',
        rule: { table: 'inet guard', chain: 'passing', number: 1 },
        mustNot: ADVICE,
      },
      { protocol: 'tcp', client: '10.118.1.20', server: '10.118.2.7', port: 3306, clientPort: 43002 },
    ],
    async record(lab) {
      const { host } = lab;
      const pool = await lab.machine('pool');
      const store = await lab.machine('store');
      await routed(lab, {
        left: [pool, 'eth0', '10.118.1.20/24'],
        router: [host, ['office0', '10.118.1.1/24'], ['data0', '10.118.2.1/24']],
        right: [store, 'eth0', '10.118.2.7/24'],
      });
      await pool.sh('ip route add default via 10.118.1.1');
      await store.sh('ip route add default via 10.118.2.1');
      await store.start('crowd serve 0.0.0.0 3306 --name mysqld');
      await host.sh(`nft -f - <<'RULESET'
table inet guard {
  chain passing {
    type filter hook forward priority filter
    tcp dport 3306 ct state new ct count over 3 counter reject with tcp reset
  }
}
RULESET`);
      const [office, data] = await lab.capture(host, ['office0', 'data0']);
      const held = [43_001, 43_002, 43_003].map((port) =>
        pool.attempt(`peer tcp-talk 10.118.2.7 3306 --seconds 4 --from ${port}`),
      );
      await sleep(1500);
      await lab.fails(pool, 'peer tcp-ask 10.118.2.7 3306 --from 43004');
      await Promise.all(held);
      await lab.captured();
      lab.seen(office, 'tcp[tcpflags] == tcp-syn', 4);
      lab.seen(data, 'tcp[tcpflags] == tcp-syn', 3);
      await lab.dump(host, { plus: ['nft-ruleset'] });
    },
  },
];
