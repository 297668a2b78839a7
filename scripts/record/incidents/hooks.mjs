/** Drops that iptables doesn't show: other nft tables, hooks of devices, bridges and ARP, traffic control. */
import { bridgedHost } from '../lib/networks.mjs';

export const hooks = [
  {
    name: 'another-table-drops',
    title: 'iptables accepts it and counts it, and another nftables table on the same hook drops it',
    hostname: 'edge-6',
    quiet: true,
    about: `
The host forwards for \`relay\`; iptables has an ACCEPT for its mail. Somebody's own \`table inet perimeter\`, loaded from
/etc/nftables.conf, drops port 587 in a chain of its own on the forward hook.`,
    see: `
The SYN is on the bridge and never on the uplink. The ACCEPT of filter FORWARD counts it, and so does the drop in \`inet
perimeter fwd\`. \`iptables-save\` looks clean; \`nft list ruleset\` shows both.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.140.8.25',
        server: '198.51.100.25',
        port: 587,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'flt-nft-other-table',
        alsoAcceptable: ['flt-rule-drop'],
        namespace: 'host',
        rule: { table: 'inet perimeter', chain: 'passing', number: 2 },
        mustNot: [
          'flt-forward-policy-drop',
          'nat-masquerade-missing',
          'flt-legacy-nft-mix',
          'ext-drop-after-host',
        ],
        fixCommandShouldContain: 'nft insert rule inet perimeter passing',
      },
      { protocol: 'tcp', client: '10.140.8.25', server: '198.51.100.25', port: 443 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['mailbr', '10.140.8.1/24'],
        members: [['relay', 'eth0', '10.140.8.25/24', 'm-relay']],
        uplink: ['ens4', '203.0.113.70/24'],
        gateway: '203.0.113.1',
        remotes: ['198.51.100.25'],
      });
      const [relay] = inside;
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.140.8.0/24 -o ens4 -j MASQUERADE
        iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        iptables -A FORWARD -i mailbr -o ens4 -p tcp -m multiport --dports 443,587 -j ACCEPT
        iptables -P FORWARD DROP
        nft -f - <<RULES
        table inet perimeter {
          chain passing {
            type filter hook forward priority 10; policy accept;
            ct state established,related accept
            tcp dport { 25, 587 } counter drop
          }
        }
RULES`);
      await outside.start('peer tcp-serve 198.51.100.25 443 nginx');
      await outside.start('peer tcp-serve 198.51.100.25 587 postfix');
      const [bridge, uplink] = await lab.capture(host, ['mailbr', 'ens4']);
      await lab.works(relay, 'peer tcp-ask 198.51.100.25 443');
      await lab.fails(relay, 'peer tcp-ask 198.51.100.25 587', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'tcp dst port 587');
      lab.unseen(uplink, 'tcp dst port 587');
      await lab.ruleHit(host, 'filter FORWARD 2', '--dports 443,587', 2);
      await lab.dump(host, { plus: ['nft-ruleset'] });
      await lab.dump(relay);
      const fix = 'nft insert rule inet perimeter passing index 1 ip saddr 10.140.8.25 tcp dport 587 accept';
      await lab.repaired(host, fix, relay, 'peer tcp-ask 198.51.100.25 587');
    },
  },
  {
    name: 'dropped-at-the-device',
    title: 'calls die at the port: an nftables chain on the device itself drops them before the bridge',
    quiet: true,
    about: `
\`phone\` registers by SIP with the host. A netdev table, left over from a flood, drops UDP 5060 on \`x-phone\` as it comes
in: before the bridge, before every iptables chain.`,
    see: `
The datagrams are on \`phone\`'s \`eth0\` and on \`x-phone\`, where captures are taken before that hook, and not on \`voicebr\`.
iptables counts nothing.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.62.0.17',
        server: '10.62.0.1',
        port: 5060,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'flt-netdev-tc-xdp',
        namespace: 'host',
        rule: { table: 'netdev flood', chain: 'phones', number: 1 },
        mustNot: [
          'flt-rule-drop',
          'flt-input-drop',
          'bridge-port-filtered',
          'sock-not-listening',
          'link-qdisc-drop',
        ],
        fixCommandShouldContain: 'netdev flood phones',
      },
      { protocol: 'icmp', client: '10.62.0.17', server: '10.62.0.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const phone = await lab.netns('phone');
      await lab.bridge(host, 'voicebr', '10.62.0.1/24', [[phone, 'eth0', '10.62.0.17/24', 'x-phone']]);
      await host.sh(`nft -f - <<RULES
        table netdev flood {
          chain phones {
            type filter hook ingress device "x-phone" priority -500; policy accept;
            udp dport 5060 counter drop
          }
        }
RULES`);
      await host.start('peer udp-serve 0.0.0.0 5060 kamailio');
      const [port, bridge] = await lab.capture(host, ['x-phone', 'voicebr']);
      await lab.works(phone, 'ping -n -c 1 10.62.0.1');
      await lab.fails(phone, 'peer udp-ask 10.62.0.1 5060 --tries 4', /0 of 4 answered/);
      await lab.captured();
      lab.seen(port, 'udp dst port 5060', 4);
      lab.unseen(bridge, 'udp dst port 5060');
      await lab.dump(host, { form: 'text', plus: ['nft-ruleset'] });
      await lab.dump(phone);
      await lab.repaired(
        host,
        'nft insert rule netdev flood phones udp dport 5060 accept',
        phone,
        'peer udp-ask 10.62.0.1 5060',
      );
    },
  },
  {
    name: 'bpf-classifier-drops',
    title: 'ARP works and IP does not: a BPF classifier on the port drops it',
    quiet: true,
    about: `
An agent that was removed left its program behind: \`tc filter … ingress bpf da\` on \`c-node7\`. It drops all IPv4.`,
    see: `
ARP is answered. The echo requests are on \`c-node7\` and never on the bridge, and no table of nftables or iptables has a
rule. \`tc -s qdisc\` shows a clsact on \`c-node7\` that has dropped packets.`,
    expect: [
      {
        protocol: 'icmp',
        client: '172.29.70.7',
        server: '172.29.70.1',
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'flt-netdev-tc-xdp',
        namespace: 'host',
        interface: 'c-node7',
        mustNot: [
          'flt-rule-drop',
          'flt-input-drop',
          'bridge-port-filtered',
          'link-qdisc-drop',
          'neigh-failed',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'tc filter del dev c-node7 ingress',
      },
      { protocol: 'icmp', client: '172.29.70.8', server: '172.29.70.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const node7 = await lab.netns('node7');
      const node8 = await lab.netns('node8');
      await lab.bridge(host, 'cbr7', '172.29.70.1/24', [
        [node7, 'eth0', '172.29.70.7/24', 'c-node7'],
        [node8, 'eth0', '172.29.70.8/24', 'c-node8'],
      ]);
      await host.sh(
        'tc qdisc add dev c-node7 clsact; tc filter add dev c-node7 ingress protocol ip bpf da bytecode "1,6 0 0 2"',
      );
      const [port, bridge] = await lab.capture(host, ['c-node7', 'cbr7']);
      await lab.works(node8, 'ping -n -c 1 172.29.70.1');
      await lab.fails(node7, 'ping -n -c 3 -i 0.5 -W 1 172.29.70.1', /100% packet loss/);
      await lab.captured();
      lab.seen(port, 'icmp[0] == 8 and src host 172.29.70.7', 3);
      lab.unseen(bridge, 'icmp and src host 172.29.70.7');
      lab.dropped('TC_INGRESS');
      await lab.dump(host, { form: 'text', plus: ['tc-qdisc', 'nft-ruleset'] });
      await lab.dump(node7);
      await lab.dump(node8, { only: ['ip-addr'] });
      await lab.repaired(host, 'tc filter del dev c-node7 ingress', node7, 'ping -n -c 1 -W 2 172.29.70.1');
    },
  },
  {
    name: 'ebtables-between-ports',
    title: 'Modbus between two machines of one bridge dies: an ebtables rule drops it',
    quiet: true,
    about: `
\`panel\` reads \`plc\` by Modbus, TCP 502, over the bridge \`plantbr\`. An ebtables rule of the vendor's hardening script
drops TCP 502 that comes in by \`b-panel\`.`,
    see: `
ARP and pings pass. The SYNs are on \`b-panel\` and on the bridge, none on \`b-plc\`. iptables has nothing; the ebtables
rule's counter is at the number of SYNs.`,
    expect: [
      {
        protocol: 'tcp',
        client: '192.168.33.10',
        server: '192.168.33.20',
        port: 502,
        status: 'no-reply',
        statusAlso: ['dropped'],
        cause: 'flt-bridge-filter-drop',
        namespace: 'host',
        mustNot: [
          'flt-rule-drop',
          'flt-bridge-nf-drop',
          'bridge-port-filtered',
          'lost-between-captures',
          'sock-not-listening',
        ],
        fixCommandShouldContain: 'ebtables -D FORWARD',
      },
      { protocol: 'icmp', client: '192.168.33.10', server: '192.168.33.20' },
    ],
    async record(lab) {
      const { host } = lab;
      const panel = await lab.netns('panel');
      const plc = await lab.netns('plc');
      await host.sh('sysctl -qw net.bridge.bridge-nf-call-iptables=0');
      await lab.bridge(host, 'plantbr', '192.168.33.1/24', [
        [panel, 'eth0', '192.168.33.10/24', 'b-panel'],
        [plc, 'eth0', '192.168.33.20/24', 'b-plc'],
      ]);
      await host.sh(`
        ebtables -A FORWARD -p ARP -j ACCEPT
        ebtables -A FORWARD -p IPv4 -i b-panel --ip-proto tcp --ip-dport 502 -j DROP`);
      await plc.start('peer tcp-serve 0.0.0.0 502 modbusd');
      const [from, to] = await lab.capture(host, ['b-panel', 'b-plc']);
      await lab.works(panel, 'ping -n -c 1 192.168.33.20');
      await lab.fails(panel, 'peer tcp-ask 192.168.33.20 502', /timed out/);
      await lab.captured();
      lab.seen(from, 'tcp dst port 502');
      lab.unseen(to, 'tcp dst port 502');
      await lab.dump(host, { plus: ['ebtables-save'] });
      await lab.dump(panel);
      await lab.dump(plc);
      const rule = 'ebtables -D FORWARD -p IPv4 -i b-panel --ip-proto tcp --ip-dport 502 -j DROP';
      await lab.repaired(host, rule, panel, 'peer tcp-ask 192.168.33.20 502');
    },
  },
  {
    name: 'arptables-silence',
    title: 'one machine gets no answer to ARP: arptables of the host drops its questions',
    quiet: true,
    about: `
The host was to be protected from an ARP flood by 10.201.4.66; the arptables rule stayed. That address now belongs to
\`lathe\`.`,
    see: `
\`lathe\` asks who has 10.201.4.1, on the host's \`machines\` too, and gets no answer; \`mill\` does. The host has the
address, and the arptables rule counts.`,
    expect: [
      {
        protocol: 'icmp',
        client: '10.201.4.66',
        server: '10.201.4.1',
        status: 'no-reply',
        statusAlso: ['unknown', 'dropped'],
        cause: 'flt-arp-drop',
        namespace: 'host',
        observed: false,
        mustNot: [
          'neigh-failed',
          'arp-ignore-silent',
          'link-down',
          'bridge-no-ip',
          'route-wrong-gateway',
          'flt-input-drop',
        ],
        fixCommandShouldContain: 'arptables -D INPUT',
      },
      { protocol: 'icmp', client: '10.201.4.65', server: '10.201.4.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const lathe = await lab.netns('lathe');
      const mill = await lab.netns('mill');
      await lab.bridge(host, 'machines', '10.201.4.1/24', [
        [lathe, 'eth0', '10.201.4.66/24', 'q-lathe'],
        [mill, 'eth0', '10.201.4.65/24', 'q-mill'],
      ]);
      await host.sh('arptables -A INPUT -i machines --source-ip 10.201.4.66 -j DROP');
      const bridge = await lab.capture(host, 'machines');
      const own = await lab.capture(lathe, 'eth0');
      await lab.works(mill, 'ping -n -c 1 10.201.4.1');
      await lab.fails(lathe, 'ping -n -c 2 -W 1 10.201.4.1', /100% packet loss/);
      await lab.captured();
      lab.seen(bridge, 'arp[7] == 1 and src host 10.201.4.66');
      lab.unseen(own, 'arp[7] == 2');
      await lab.dump(host, { plus: ['arptables-save'] });
      await lab.dump(lathe);
      await lab.dump(mill, { only: ['ip-addr'] });
      const fix = 'arptables -D INPUT -i machines -s 10.201.4.66 -j DROP';
      await lab.repaired(host, fix, lathe, 'ping -n -c 1 -W 2 10.201.4.1');
    },
  },
  {
    name: 'shaper-too-small',
    title: 'bursts of measurements are lost: the queue of a traffic shaper is too short',
    quiet: true,
    about: `
The uplink \`wwan0\` of the buoy is shaped to 256 kbit/s with a token bucket, and its queue holds 6 kB. \`probe\` sends its
readings in bursts of datagrams of 1 kB.`,
    see: `
More datagrams are on the bridge than on \`wwan0\`; those that pass are answered. \`tc -s qdisc\` says dropped at \`wwan0\`.
The captured ones went through the queue: a capture on the way out is taken behind it.`,
    expect: [
      {
        protocol: 'udp',
        client: '10.7.90.12',
        server: '198.51.100.90',
        port: 1700,
        status: 'degraded',
        statusAlso: ['no-reply', 'delivered'],
        cause: 'link-qdisc-drop',
        namespace: 'host',
        interface: 'wwan0',
        mustNot: [
          'mtu-l2-mismatch',
          'flt-rule-drop',
          'ext-drop-after-host',
          'flt-netdev-tc-xdp',
          'lost-between-captures',
        ],
        fixCommandShouldContain: 'tc qdisc',
      },
      { protocol: 'icmp', client: '10.7.90.12', server: '10.7.90.1' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, inside } = await bridgedHost(lab, {
        bridge: ['buoybr', '10.7.90.1/24'],
        members: [['probe', 'eth0', '10.7.90.12/24', 'n-probe']],
        uplink: ['wwan0', '203.0.113.90/30'],
        gateway: '203.0.113.89',
        remotes: ['198.51.100.90'],
      });
      const [probe] = inside;
      await host.sh(`
        iptables -t nat -A POSTROUTING -s 10.7.90.0/24 -o wwan0 -j MASQUERADE
        tc qdisc add dev wwan0 root tbf rate 256kbit burst 2000 limit 6000`);
      await outside.start('peer udp-serve 198.51.100.90 1700 collectd');
      const [bridge, uplink] = await lab.capture(host, ['buoybr', 'wwan0'], { snaplen: 128 });
      await lab.works(probe, 'ping -n -c 1 10.7.90.1');
      await lab.works(probe, 'peer udp-burst 198.51.100.90 1700 --tries 40 --size 1000');
      await lab.captured();
      lab.seen(bridge, 'udp dst port 1700', 40);
      const passed = uplink.count('udp dst port 1700');
      if (passed >= 40) throw new Error(`nothing was lost: ${passed}`);
      await lab.dump(host, { plus: ['tc-qdisc'] });
      await lab.dump(probe);
      const fix = 'tc qdisc replace dev wwan0 root tbf rate 256kbit burst 2000 limit 100000';
      const all = 'peer udp-burst 198.51.100.90 1700 --tries 40 --size 1000 | grep "40 of 40"';
      await lab.repaired(host, fix, probe, all);
    },
  },
];
