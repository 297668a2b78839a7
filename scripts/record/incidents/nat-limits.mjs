/** A full connection table, translation that goes too far or past the firewall, and rules that never got in. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bridgedHost } from '../lib/networks.mjs';

export const natLimits = [
  {
    name: 'connection-table-full',
    title: 'new connections time out in all directions, old ones go on: the conntrack table is full',
    hostname: 'gate-1',
    quiet: true,
    about: `
A scan left 262144 established connections in conntrack, as many as \`nf_conntrack_max\` allows. \`ws\` can't open any new
connection through the gateway; a long one that was there before goes on. (The entries were made with \`conntrack -R\`.)`,
    see: `
SYNs on \`int0\` that never leave by \`ext0\`, while lines of an old connection pass. \`nf_conntrack_count\` equals
\`nf_conntrack_max\`; the kernel log says "table full"; \`conntrack -S\` counts drops.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.130.0.21',
        server: '192.0.2.77',
        port: 8080,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'ct-table-full',
        namespace: 'host',
        sysctl: 'net.netfilter.nf_conntrack_max',
        mustNot: [
          'flt-forward-policy-drop',
          'nat-snat-ports-exhausted',
          'ext-drop-after-host',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'net.netfilter.nf_conntrack_max=',
      },
      {
        protocol: 'icmp',
        client: '10.130.0.21',
        server: '192.0.2.77',
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'ct-table-full',
        namespace: 'host',
      },
      { protocol: 'tcp', client: '10.130.0.21', server: '192.0.2.77', port: 22 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['int0', '10.130.0.1/24'],
        members: [['ws', 'eth0', '10.130.0.21/24', 'int0-1']],
        uplink: ['ext0', '203.0.113.19/24'],
        gateway: '203.0.113.1',
        remotes: ['192.0.2.77'],
      });
      const [ws] = inside;
      await outside.start('peer tcp-serve 192.0.2.77 22 sshd');
      await outside.start('peer tcp-serve 192.0.2.77 8080 webd');
      await host.sh(`
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i int0 -o ext0 -j ACCEPT
        iptables -P FORWARD DROP
        iptables -t nat -A POSTROUTING -s 10.130.0.0/24 -o ext0 -j MASQUERADE`);
      const talking = ws.attempt('peer tcp-talk 192.0.2.77 22 --seconds 60', 90);
      await sleep(500);
      await host.attempt(
        `max=$(sysctl -n net.netfilter.nf_conntrack_max)
        awk -v max=$max 'BEGIN { for (i = 0; i < max; i++) printf "-A -p tcp -s 198.51.%d.%d -d 203.0.113.19 --sport %d --dport 443 -t 9000 --state ESTABLISHED -u ASSURED\\n", 100 + i / 16384000, 1 + (i / 64000) % 250, 1024 + i % 64000 }' > /tmp/entries
        conntrack -R /tmp/entries`,
        100,
      );
      const [bridge, uplink] = await lab.capture(host, ['int0', 'ext0']);
      await lab.fails(ws, 'ping -n -c 2 -i 0.5 -W 1 192.0.2.77', /100% packet loss/);
      await lab.fails(ws, 'peer tcp-ask 192.0.2.77 8080', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 2 and dst port 8080');
      lab.unseen(uplink, 'tcp port 8080');
      lab.seen(uplink, 'tcp src port 22');
      await lab.dump(host, {
        only: [
          'ip-addr',
          'ip-route',
          'ip-rule',
          'ip-neigh',
          'bridge-link',
          'bridge-fdb',
          'iptables-save',
          'sysctl',
          'nstat',
          'ss',
          'conntrack-stats',
        ],
      });
      const inode = (await host.sh('readlink /proc/self/ns/net')).replace(/\D/g, '');
      const log = await host.sh(`dmesg | grep 'table full in netns ${inode}'`);
      lab.file('namespaces/host/dmesg.txt', log);
      await lab.dump(ws, { only: ['ip-addr', 'ip-route', 'ss'] });
      await lab.repaired(host, 'conntrack -F', ws, 'peer tcp-ask 192.0.2.77 8080');
      await talking;
    },
  },
  {
    name: 'everything-masqueraded',
    title:
      'an allow-list in the server refuses its own clients: MASQUERADE without an interface rewrites what comes in, too',
    about: `
The rule \`-A POSTROUTING -j MASQUERADE\` was meant for the way out. It also rewrites what is forwarded to the port of
\`ledger\`, whose own filter lets in the office, 198.51.100.0/24, only.`,
    see: `
The SYN comes in on \`eth0\` from 198.51.100.180 and goes on to \`fin0\` from 10.71.2.1, the host's own address there. \`ledger\`
drops it: it isn't from the office. A second service, without a list, works, and sees all clients as 10.71.2.1.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.180',
        server: '198.51.100.60',
        port: 5432,
        status: 'dropped',
        statusAlso: ['no-reply', 'rejected'],
        cause: 'nat-masquerade-too-broad',
        // Where it dies; without the host's routes that is all that can be said.
        alsoAcceptable: ['flt-input-drop'],
        namespace: 'host',
        namespaceAlso: ['ledger'],
        rule: { table: 'nat', chain: 'POSTROUTING', number: 1 },
        mustNot: ['nat-dnat-wrong-target', 'route-reply-no-default', 'ext-drop-after-host'],
        fixCommandShouldContain: '-o eth0 -j MASQUERADE',
      },
      {
        protocol: 'tcp',
        client: '198.51.100.180',
        server: '198.51.100.60',
        port: 8081,
        status: 'delivered',
        cause: 'nat-masquerade-too-broad',
        namespace: 'host',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['fin0', '10.71.2.1/24'],
        members: [['ledger', 'eth0', '10.71.2.15/24', 'fin0-l']],
        uplink: ['eth0', '198.51.100.60/24'],
        gateway: '198.51.100.180',
      });
      const [ledger] = inside;
      await ledger.start('peer tcp-serve 0.0.0.0 5432 postgres');
      await ledger.start('peer tcp-serve 0.0.0.0 8081 webui');
      await ledger.sh(`
        iptables -A INPUT -i lo -j ACCEPT
        iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A INPUT -s 198.51.100.0/24 -p tcp -m tcp --dport 5432 -j ACCEPT
        iptables -A INPUT -p tcp -m tcp --dport 8081 -j ACCEPT
        iptables -A INPUT -p icmp -j ACCEPT
        iptables -P INPUT DROP`);
      await host.sh(`
        iptables -t nat -A PREROUTING -i eth0 -p tcp -m tcp --dport 5432 -j DNAT --to-destination 10.71.2.15:5432
        iptables -t nat -A PREROUTING -i eth0 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 10.71.2.15:8081
        iptables -t nat -A POSTROUTING -j MASQUERADE`);
      const [uplink, bridge] = await lab.capture(host, ['eth0', 'fin0']);
      await lab.works(outside, 'peer tcp-ask 198.51.100.60 8081');
      await lab.fails(outside, 'peer tcp-ask 198.51.100.60 5432', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 2 and src host 198.51.100.180 and dst port 5432');
      lab.seen(bridge, 'tcp[13] == 2 and src host 10.71.2.1 and dst port 5432');
      await lab.ruleHit(ledger, 'filter INPUT 0', '-P INPUT DROP', 2);
      await lab.dump(host, { form: 'text' });
      await lab.dump(ledger, { form: 'text', plus: ['iptables-save'] });
      await lab.repaired(
        host,
        'iptables -t nat -R POSTROUTING 1 -o eth0 -j MASQUERADE',
        outside,
        'peer tcp-ask 198.51.100.60 5432',
      );
    },
  },
  {
    name: 'denied-port-that-answers',
    title:
      'a port that ufw denies answers all the same: it is forwarded, and forwarded packets never meet INPUT',
    hostname: 'vps-12',
    about: `
\`ufw deny 6379\` stands among ufw's rules, and the port is open to the world: a DNAT rule sends it to \`cache\`, so it is
forwarded, and ufw's deny is a rule of INPUT.`,
    see: `
A whole connection from outside, translated to 10.85.0.2. The rule in \`ufw-user-input\` counts nothing. A port that is not
forwarded, 6380, is dropped as ufw means it to.`,
    expect: [
      {
        protocol: 'tcp',
        client: '203.0.113.140',
        server: '203.0.113.137',
        port: 6379,
        status: 'delivered',
        cause: 'flt-ufw-bypass',
        namespace: 'host',
        rule: { table: 'filter', chain: 'ufw-user-input', number: 2 },
        mustNot: ['docker-proxy-fallback'],
        fixCommandShouldContain: '--ctorigdstport 6379',
      },
      {
        protocol: 'tcp',
        client: '203.0.113.140',
        server: '203.0.113.137',
        port: 6380,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'flt-input-drop',
        alsoAcceptable: ['flt-rule-drop'],
        namespace: 'host',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['kv0', '10.85.0.1/16'],
        members: [['cache', 'eth0', '10.85.0.2/16', 'kv0-c']],
        uplink: ['eth0', '203.0.113.137/24'],
        gateway: '203.0.113.140',
      });
      const [cache] = inside;
      await cache.start('peer tcp-serve 0.0.0.0 6379 redis-server');
      await host.sh(`
        iptables -N ufw-before-input; iptables -N ufw-user-input; iptables -N ufw-before-forward
        iptables -A ufw-before-input -i lo -j ACCEPT
        iptables -A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A ufw-before-input -p icmp -m icmp --icmp-type 8 -j ACCEPT
        iptables -A ufw-before-input -j ufw-user-input
        iptables -A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
        iptables -A ufw-user-input -p tcp -m tcp --dport 6379 -j DROP
        iptables -A INPUT -j ufw-before-input
        iptables -P INPUT DROP
        iptables -A ufw-before-forward -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i eth0 -o kv0 -d 10.85.0.2 -p tcp -m tcp --dport 6379 -j ACCEPT
        iptables -A FORWARD -j ufw-before-forward
        iptables -A FORWARD -i kv0 -o eth0 -j ACCEPT
        iptables -P FORWARD DROP
        iptables -t nat -A PREROUTING -i eth0 -p tcp -m tcp --dport 6379 -j DNAT --to-destination 10.85.0.2:6379
        iptables -t nat -A POSTROUTING -s 10.85.0.0/16 ! -o kv0 -j MASQUERADE`);
      const [uplink, bridge] = await lab.capture(host, ['eth0', 'kv0']);
      await lab.works(outside, 'peer tcp-ask 203.0.113.137 6379');
      await lab.fails(outside, 'peer tcp-ask 203.0.113.137 6380', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 18 and src port 6379');
      lab.seen(bridge, 'tcp[13] == 2 and dst host 10.85.0.2');
      await lab.ruleHit(host, 'filter ufw-user-input 2', '--dport 6379 -j DROP', 0);
      await lab.ruleHit(host, 'filter INPUT 0', '-P INPUT DROP', 2);
      await lab.dump(host, { form: 'text' });
      await lab.dump(cache, { form: 'text' });
      await host.sh(
        'iptables -I FORWARD -i eth0 -p tcp -m conntrack --ctorigdstport 6379 --ctdir ORIGINAL -j DROP',
      );
      const { code } = await outside.attempt('peer tcp-ask 203.0.113.137 6379');
      if (code === 0) throw new Error('the port still answers');
      lab.verified.push('outside: the port is silent with a rule for it in FORWARD (--ctorigdstport 6379)');
    },
  },
  {
    name: 'rules-that-iptables-refused',
    title:
      'a forwarded port is refused: the rules file has a line that iptables doesn’t take, so none of it was loaded',
    about: `
\`/etc/iptables/rules.v4\` was written by hand. Its DNAT line names a port without \`-p tcp\` and gives \`--to-destination\` before
\`-j DNAT\`. \`iptables-restore\` refuses it at boot, and with it the whole table; nobody read the log.`,
    see: `
SYN and RST on \`eth0\`, nothing on \`lab7\`. \`iptables-save\` shows no nat rule at all, and the file's line 5 is one that iptables
refuses.`,
    expect: [
      {
        protocol: 'tcp',
        client: '192.0.2.54',
        server: '192.0.2.53',
        port: 8088,
        status: 'rejected',
        cause: 'cmd-iptables-rejected',
        alsoAcceptable: ['nat-no-dnat-host-rst'],
        namespace: 'host',
        mustNot: ['nat-dnat-mismatch', 'nat-dnat-wrong-target', 'flt-reject', 'ext-remote-reset'],
        fixCommandShouldContain: '-p tcp --dport 8088 -j DNAT --to-destination 10.44.70.3:80',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['lab7', '10.44.70.1/24'],
        members: [['pi', 'eth0', '10.44.70.3/24', 'lab7-1']],
        uplink: ['eth0', '192.0.2.53/24'],
        gateway: '192.0.2.54',
      });
      const [pi] = inside;
      await pi.start('peer tcp-serve 0.0.0.0 80 lighttpd');
      const rules = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.44.70.0/24 -o eth0 -j MASQUERADE
-A PREROUTING --dport 8088 --to-destination 10.44.70.3:80 -j DNAT
COMMIT
`;
      await host.sh(`cat > rules.v4 <<'END'\n${rules}END`);
      // Something of the packet filter is there, so that iptables-save prints a table.
      await host.sh('iptables -t nat -L -n > /dev/null; iptables -A INPUT -i lo -j ACCEPT');
      const [uplink, bridge] = await lab.capture(host, ['eth0', 'lab7']);
      await lab.fails(host, 'iptables-restore < rules.v4', /unknown option "--dport"/);
      await lab.fails(outside, 'peer tcp-ask 192.0.2.53 8088', /Connection refused/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] & 4 != 0 and src host 192.0.2.53');
      lab.unseen(bridge, 'tcp');
      await lab.dump(host, { form: 'text' });
      lab.file('namespaces/host/rules.v4', rules);
      await lab.dump(pi, { form: 'text' });
      await lab.repaired(
        host,
        `
        sed -i 's/--dport 8088 --to-destination 10.44.70.3:80 -j DNAT/-p tcp --dport 8088 -j DNAT --to-destination 10.44.70.3:80/' rules.v4
        iptables-restore < rules.v4`,
        outside,
        'peer tcp-ask 192.0.2.53 8088',
      );
    },
  },
  {
    name: 'parallel-queries-race',
    title: 'names take five seconds now and then: of two queries sent at once, one got lost at the host',
    hostname: 'kube-3',
    about: `
A resolver asks for A and AAAA at the same moment from one socket, through a translating host. On kernels before 5.6 the two
first packets of that connection could race: the one that was entered second was dropped.

**Hand-made in part.** This kernel resolves such clashes: two threads sending 40,000 pairs through DNAT to two servers at
random, and through MASQUERADE --random-fully, made 38,000 of them (\`clash_resolve\`), and no packet was lost. So a rule that is
gone from the dumps dropped the first AAAA query in the race's place, and \`conntrack-stats.txt\` is what \`conntrack -S\` of a
kernel with the fault prints. Everything else is recorded.`,
    see: `
Two queries within a millisecond on \`pod0\`, one of them on \`eth0\`. Five seconds later the very same query again, which is
answered. \`insert_failed\` is not zero.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.178.3.8',
        server: '192.0.2.10',
        port: 53,
        status: 'degraded',
        statusAlso: ['delivered'],
        cause: 'ct-dns-race',
        namespace: 'host',
        mustNot: [
          'dns-upstream-unreachable',
          'nat-snat-ports-exhausted',
          'ext-drop-after-host',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'single-request-reopen',
      },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['pod0', '10.178.3.1/24'],
        members: [['shop', 'eth0', '10.178.3.8/24', 'pod0-8']],
        uplink: ['eth0', '198.51.100.201/24'],
        gateway: '198.51.100.1',
        remotes: ['192.0.2.10'],
      });
      const [shop] = inside;
      await outside.start(
        'dnsmasq --keep-in-foreground --log-facility=- --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= --bind-interfaces --listen-address=192.0.2.10 --except-interface=lo --local=/shop.example/ --host-record=cart.shop.example,203.0.113.8,2001:db8::8',
        /started/,
      );
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.178.3.0/24 -o eth0 -j MASQUERADE --random-fully
        iptables -t mangle -A POSTROUTING -o eth0 -p udp --dport 53 -m string --algo bm --hex-string '|00001c0001|' -m statistic --mode nth --every 100000 --packet 0 -j DROP`);
      const [bridge, uplink] = await lab.capture(host, ['pod0', 'eth0']);
      const own = await lab.capture(shop, 'eth0');
      await lab.works(shop, 'peer dns-pair 192.0.2.10 cart.shop.example', /after 5\.\d s/);
      await lab.captured();
      lab.seen(own, 'udp dst port 53', 3);
      lab.seen(bridge, 'udp dst port 53', 3);
      lab.seen(uplink, 'udp dst port 53', 2);
      await host.sh('iptables -t mangle -F');
      await lab.dump(host);
      lab.file(
        'namespaces/host/conntrack-stats.txt',
        `${[
          'cpu=0   \tfound=3 invalid=0 insert=0 insert_failed=0 drop=0 early_drop=0 error=0 search_restart=0 ',
          'cpu=1   \tfound=0 invalid=0 insert=0 insert_failed=1 drop=1 early_drop=0 error=0 search_restart=0 ',
        ].join('\n')}\n`,
      );
      await lab.dump(shop);
    },
  },
];
