/** Services of Kubernetes that have nobody to go to: the chains that kube-proxy writes, of old releases and new ones. */
import { bridgedHost } from '../lib/networks.mjs';

/** What kube-proxy writes since 1.24, before the chains of single services. */
const CHAINS = {
  nat: `*nat
:KUBE-EXT-5W3LKB7RIDOWE6MJ - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-SEP-NQ4ZJ2VGT7AXUOSC - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-5W3LKB7RIDOWE6MJ - [0:0]
:KUBE-SVL-5W3LKB7RIDOWE6MJ - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
`,
  filter: `*filter
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
`,
};

const mangle = `*mangle
:KUBE-PROXY-CANARY - [0:0]
COMMIT
`;

async function load(host, rules, tool = 'iptables-restore') {
  await host.sh(`${tool} <<'RULES'\n${rules}RULES\n`);
}

/** A node: pods of 10.244.3.0/24 on cni0, and clients and other nodes outside. */
export async function node(lab, pods) {
  const { outside, inside } = await bridgedHost(lab, {
    bridge: ['cni0', '10.244.3.1/24'],
    members: pods.map(([name, last], index) => [name, 'eth0', `10.244.3.${last}/24`, `veth${index}a`]),
    uplink: ['ens5', '198.51.100.23/24'],
    gateway: '198.51.100.1',
  });
  return { outside, pods: inside };
}

export const kubernetes = [
  {
    name: 'service-without-endpoints',
    title: 'connection refused by a cluster address: no ready pod is behind the service',
    hostname: 'worker-3',
    about: `
The pod \`checkout\` asks the service \`shop/cart\` by its cluster address. Its selector fits no pod that is ready, so kube-proxy (1.28) wrote a REJECT where
the service's chain would be. Another service, \`shop/prices\`, works.`,
    see: `
SYN and ICMP port unreachable on \`cni0\`, from the node's own address; nothing anywhere else. The rule of filter KUBE-SERVICES says
\`shop/cart:http has no endpoints\` and counts.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.244.3.7',
        server: '10.96.120.44',
        port: 80,
        status: 'rejected',
        cause: 'flt-k8s-service-drop',
        namespace: 'host',
        rule: { table: 'filter', chain: 'KUBE-SERVICES', number: 1 },
        mustNot: [
          'flt-reject',
          'sock-not-listening',
          'nat-no-dnat-host-rst',
          'ext-remote-reset',
          'route-missing-return',
        ],
        fixCommandShouldContain: 'kubectl -n shop get endpointslices -l kubernetes.io/service-name=cart',
      },
      // Bridged packets are translated before the bridge's own capture sees them.
      { protocol: 'tcp', client: '10.244.3.7', server: '10.244.3.19', port: 8080 },
    ],
    async record(lab) {
      const { host } = lab;
      const { pods } = await node(lab, [
        ['checkout', 7],
        ['prices', 19],
      ]);
      const [checkout, prices] = pods;
      await load(
        host,
        `${mangle}${CHAINS.nat}-I KUBE-SERVICES 1 -d 10.96.8.13/32 -p tcp -m comment --comment "shop/prices:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-5W3LKB7RIDOWE6MJ
-A KUBE-SVC-5W3LKB7RIDOWE6MJ ! -s 10.244.0.0/16 -d 10.96.8.13/32 -p tcp -m comment --comment "shop/prices:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
-A KUBE-SVC-5W3LKB7RIDOWE6MJ -m comment --comment "shop/prices:http -> 10.244.3.19:8080" -j KUBE-SEP-NQ4ZJ2VGT7AXUOSC
-A KUBE-SEP-NQ4ZJ2VGT7AXUOSC -s 10.244.3.19/32 -m comment --comment "shop/prices:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-NQ4ZJ2VGT7AXUOSC -p tcp -m comment --comment "shop/prices:http" -m tcp -j DNAT --to-destination 10.244.3.19:8080
COMMIT
${CHAINS.filter}-A KUBE-SERVICES -d 10.96.120.44/32 -p tcp -m comment --comment "shop/cart:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
      );
      // Both pods are on one bridge: bridged answers have to pass the translation, as on every node.
      await host.sh('sysctl -qw net.bridge.bridge-nf-call-iptables=1');
      await prices.start('peer tcp-serve 0.0.0.0 8080 pricesd');
      const [bridge, uplink] = await lab.capture(host, ['cni0', 'ens5']);
      await lab.works(checkout, 'peer tcp-ask 10.96.8.13 80');
      await lab.fails(checkout, 'peer tcp-ask 10.96.120.44 80', /refused/);
      await lab.captured();
      lab.seen(bridge, 'tcp[13] == 2 and dst host 10.96.120.44');
      lab.seen(bridge, 'icmp[0] == 3 and icmp[1] == 3');
      lab.unseen(uplink, 'host 10.96.120.44');
      await lab.ruleHit(host, 'filter KUBE-SERVICES 1', 'shop/cart:http has no endpoints', 1);
      await lab.dump(host);
      await lab.dump(checkout, { form: 'text' });
      // kube-proxy's own change when a pod gets ready.
      await lab.repaired(
        host,
        `iptables -F KUBE-SERVICES
        iptables -t nat -N KUBE-SVC-ABCDEFGHIJKLMNOP
        iptables -t nat -I KUBE-SERVICES 1 -d 10.96.120.44/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-ABCDEFGHIJKLMNOP
        iptables -t nat -A KUBE-SVC-ABCDEFGHIJKLMNOP -p tcp -j DNAT --to-destination 10.244.3.19:8080`,
        checkout,
        'peer tcp-ask 10.96.120.44 80',
      );
    },
  },
  {
    name: 'node-port-without-a-local-pod',
    title: 'a node port is dead on this node: its policy is Local, and all pods are on other nodes',
    hostname: 'worker-3',
    about: `
The service \`media/ingest\` has node port 30880 and \`externalTrafficPolicy: Local\`; its pods run on other nodes. kube-proxy (1.28) drops what asks this node.
Node port 30881 of \`shop/prices\` works.`,
    see: `
The SYNs on \`ens5\`, again and again, and no answer. The rule of filter KUBE-EXTERNAL-SERVICES says \`media/ingest:rtmp has no local endpoints\` and counts
them.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.1',
        server: '198.51.100.23',
        port: 30880,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'flt-k8s-service-drop',
        namespace: 'host',
        rule: { table: 'filter', chain: 'KUBE-EXTERNAL-SERVICES', number: 1 },
        mustNot: ['flt-rule-drop', 'flt-input-drop', 'sock-not-listening', 'nat-no-dnat-host-rst'],
        fixCommandShouldContain: 'externalTrafficPolicy',
      },
      { protocol: 'tcp', client: '198.51.100.1', server: '198.51.100.23', port: 30881 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, pods } = await node(lab, [['prices', 19]]);
      await load(
        host,
        `${mangle}${CHAINS.nat}-A KUBE-NODEPORTS -d 198.51.100.23/32 -p tcp -m comment --comment "shop/prices:http" -m tcp --dport 30881 -j KUBE-EXT-5W3LKB7RIDOWE6MJ
-A KUBE-EXT-5W3LKB7RIDOWE6MJ -m comment --comment "masquerade traffic for shop/prices:http external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-5W3LKB7RIDOWE6MJ -j KUBE-SVC-5W3LKB7RIDOWE6MJ
-A KUBE-SVC-5W3LKB7RIDOWE6MJ -m comment --comment "shop/prices:http -> 10.244.3.19:8080" -j KUBE-SEP-NQ4ZJ2VGT7AXUOSC
-A KUBE-SEP-NQ4ZJ2VGT7AXUOSC -s 10.244.3.19/32 -m comment --comment "shop/prices:http" -j KUBE-MARK-MASQ
-A KUBE-SEP-NQ4ZJ2VGT7AXUOSC -p tcp -m comment --comment "shop/prices:http" -m tcp -j DNAT --to-destination 10.244.3.19:8080
COMMIT
${CHAINS.filter}-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "media/ingest:rtmp has no local endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30880 -j DROP
COMMIT
`,
      );
      await pods[0].start('peer tcp-serve 0.0.0.0 8080 pricesd');
      const [uplink, bridge] = await lab.capture(host, ['ens5', 'cni0']);
      await lab.works(outside, 'peer tcp-ask 198.51.100.23 30881');
      await lab.fails(outside, 'peer tcp-ask 198.51.100.23 30880', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 2 and dst port 30880');
      lab.unseen(uplink, 'src port 30880');
      lab.unseen(bridge, 'src host 198.51.100.1');
      await lab.ruleHit(
        host,
        'filter KUBE-EXTERNAL-SERVICES 1',
        'media/ingest:rtmp has no local endpoints',
        2,
      );
      await lab.dump(host);
      await lab.repaired(
        host,
        `iptables -F KUBE-EXTERNAL-SERVICES
        iptables -t nat -A KUBE-NODEPORTS -p tcp -m tcp --dport 30880 -j KUBE-EXT-5W3LKB7RIDOWE6MJ`,
        outside,
        'peer tcp-ask 198.51.100.23 30880',
      );
    },
  },
  {
    name: 'marked-for-drop-by-an-old-kube-proxy',
    title:
      'a load balancer’s connections die on this node: kube-proxy of an old release marks them for dropping',
    hostname: 'node-b',
    about: `
An old cluster (1.19, legacy iptables). The service \`mail/smtp\` is \`LoadBalancer\` with \`externalTrafficPolicy: Local\`, and no pod of it is on this node, to
which the balancer still sends. nat KUBE-XLB-… marks the packets with 0x8000, and KUBE-FIREWALL drops what is marked. Ping works.`,
    see: `
SYNs to port 25 of the balancer's address on \`ens5\` and nothing else. \`KUBE-XLB-…\` says \`mail/smtp:smtp has no local endpoints\`; \`KUBE-FIREWALL\` counts.`,
    expect: [
      {
        protocol: 'tcp',
        client: '198.51.100.1',
        server: '203.0.113.25',
        port: 25,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'flt-k8s-service-drop',
        namespace: 'host',
        mustNot: ['flt-rule-drop', 'flt-input-drop', 'sock-not-listening', 'ext-drop-after-host'],
        fixCommandShouldContain: 'externalTrafficPolicy',
      },
      { protocol: 'icmp', client: '198.51.100.1', server: '198.51.100.23' },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside } = await node(lab, [['other', 12]]);
      // The balancer hands packets on with its own address as their destination; the node has it on kube-ipvs0 or lo.
      await host.sh('ip addr add 203.0.113.25/32 dev lo');
      await outside.sh('ip route add 203.0.113.25/32 via 198.51.100.23');
      await load(
        host,
        `*nat
:KUBE-FW-QGX2CWN4LTTKEPKO - [0:0]
:KUBE-MARK-DROP - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SEP-YDKAKLV27VTHQVQT - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-QGX2CWN4LTTKEPKO - [0:0]
:KUBE-XLB-QGX2CWN4LTTKEPKO - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-FW-QGX2CWN4LTTKEPKO -m comment --comment "mail/smtp:smtp loadbalancer IP" -j KUBE-XLB-QGX2CWN4LTTKEPKO
-A KUBE-FW-QGX2CWN4LTTKEPKO -m comment --comment "mail/smtp:smtp loadbalancer IP" -j KUBE-MARK-DROP
-A KUBE-MARK-DROP -j MARK --set-xmark 0x8000/0x8000
-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-NODEPORTS -p tcp -m comment --comment "mail/smtp:smtp" -m tcp --dport 31025 -j KUBE-XLB-QGX2CWN4LTTKEPKO
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE
-A KUBE-SEP-YDKAKLV27VTHQVQT -s 10.244.5.9/32 -m comment --comment "mail/smtp:smtp" -j KUBE-MARK-MASQ
-A KUBE-SEP-YDKAKLV27VTHQVQT -p tcp -m comment --comment "mail/smtp:smtp" -m tcp -j DNAT --to-destination 10.244.5.9:2525
-A KUBE-SERVICES -d 203.0.113.25/32 -p tcp -m comment --comment "mail/smtp:smtp loadbalancer IP" -m tcp --dport 25 -j KUBE-FW-QGX2CWN4LTTKEPKO
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-SVC-QGX2CWN4LTTKEPKO -m comment --comment "mail/smtp:smtp" -j KUBE-SEP-YDKAKLV27VTHQVQT
-A KUBE-XLB-QGX2CWN4LTTKEPKO -s 10.244.0.0/16 -m comment --comment "Redirect pods trying to reach external loadbalancer VIP to clusterIP" -j KUBE-SVC-QGX2CWN4LTTKEPKO
-A KUBE-XLB-QGX2CWN4LTTKEPKO -m comment --comment "masquerade LOCAL traffic for mail/smtp:smtp LB IP" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
-A KUBE-XLB-QGX2CWN4LTTKEPKO -m comment --comment "route LOCAL traffic for mail/smtp:smtp LB IP to service chain" -m addrtype --src-type LOCAL -j KUBE-SVC-QGX2CWN4LTTKEPKO
-A KUBE-XLB-QGX2CWN4LTTKEPKO -m comment --comment "mail/smtp:smtp has no local endpoints" -j KUBE-MARK-DROP
COMMIT
*filter
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
`,
        'iptables-legacy-restore',
      );
      const uplink = await lab.capture(host, 'ens5');
      await lab.works(outside, 'ping -n -c 2 -i 0.3 198.51.100.23');
      await lab.fails(outside, 'peer tcp-ask 203.0.113.25 25', /timed out/);
      await lab.captured();
      lab.seen(uplink, 'tcp[13] == 2 and dst port 25');
      lab.unseen(uplink, 'src port 25');
      await lab.dump(host, {
        form: 'text',
        only: ['ip-addr', 'ip-route', 'ip-rule', 'ip-neigh', 'sysctl', 'ss', 'iptables-legacy-save'],
      });
      // What kube-proxy writes for externalTrafficPolicy Cluster, or for a pod on this node.
      const other = '10.244.3.12:2525';
      await host.sh(`ip netns exec other peer tcp-serve 0.0.0.0 2525 smtpd >/dev/null 2>&1 &`);
      await lab.repaired(
        host,
        `iptables-legacy -t nat -R KUBE-XLB-QGX2CWN4LTTKEPKO 4 -j KUBE-SVC-QGX2CWN4LTTKEPKO
        iptables-legacy -t nat -I KUBE-SVC-QGX2CWN4LTTKEPKO 1 -p tcp -j DNAT --to-destination ${other}; sleep 0.5`,
        outside,
        'peer tcp-ask 203.0.113.25 25',
      );
    },
  },
];
