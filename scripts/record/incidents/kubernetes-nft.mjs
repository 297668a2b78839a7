/** Services of Kubernetes that have nobody to go to, in the nftables mode of kube-proxy. */
import { node } from './kubernetes.mjs';

/** As kube-proxy 1.31 writes it, for three services. */
const RULES = `table ip kube-proxy {
	comment "rules for kube-proxy"
	set cluster-ips {
		type ipv4_addr
		comment "Active ClusterIPs"
		elements = { 10.96.8.13, 10.96.120.44 }
	}
	set nodeport-ips {
		type ipv4_addr
		comment "IPs that accept NodePort traffic"
		elements = { 198.51.100.23 }
	}
	map no-endpoint-services {
		type ipv4_addr . inet_proto . inet_service : verdict
		comment "vmap to drop or reject packets to services with no endpoints"
		elements = { 10.96.120.44 . tcp . 80 comment "shop/cart:http" : goto reject-chain }
	}
	map no-endpoint-nodeports {
		type inet_proto . inet_service : verdict
		comment "vmap to drop or reject packets to service nodeports with no endpoints"
		elements = { tcp . 30880 comment "media/ingest:rtmp" : drop }
	}
	map service-ips {
		type ipv4_addr . inet_proto . inet_service : verdict
		comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
		elements = { 10.96.8.13 . tcp . 80 : goto service-2KEVSQ5L-shop/prices/tcp/http }
	}
	map service-nodeports {
		type inet_proto . inet_service : verdict
		comment "NodePort traffic"
		elements = { tcp . 30881 : goto external-2KEVSQ5L-shop/prices/tcp/http }
	}
	chain reject-chain {
		comment "helper for @no-endpoint-services / @no-endpoint-nodeports"
		reject
	}
	chain mark-for-masquerade {
		meta mark set meta mark | 0x00004000
	}
	chain masquerading {
		meta mark & 0x00004000 == 0x00000000 return
		meta mark set meta mark ^ 0x00004000
		masquerade fully-random
	}
	chain endpoint-H4DE3ZDJ-shop/prices/tcp/http__10.244.3.19/8080 {
		ip saddr 10.244.3.19 jump mark-for-masquerade
		meta l4proto tcp dnat to 10.244.3.19:8080
	}
	chain service-2KEVSQ5L-shop/prices/tcp/http {
		ip daddr 10.96.8.13 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
		numgen random mod 1 vmap { 0 : goto endpoint-H4DE3ZDJ-shop/prices/tcp/http__10.244.3.19/8080 }
	}
	chain external-2KEVSQ5L-shop/prices/tcp/http {
		jump mark-for-masquerade
		goto service-2KEVSQ5L-shop/prices/tcp/http
	}
	chain services {
		ip daddr . meta l4proto . th dport vmap @service-ips
		ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
	}
	chain service-endpoints-check {
		ip daddr . meta l4proto . th dport vmap @no-endpoint-services
	}
	chain nodeport-endpoints-check {
		ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
	}
	chain cluster-ips-check {
		ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"
	}
	chain filter-input {
		type filter hook input priority -110; policy accept;
		ct state new jump nodeport-endpoints-check
		ct state new jump service-endpoints-check
	}
	chain filter-forward {
		type filter hook forward priority -110; policy accept;
		ct state new jump service-endpoints-check
		ct state new jump cluster-ips-check
	}
	chain filter-output {
		type filter hook output priority -110; policy accept;
		ct state new jump service-endpoints-check
	}
	chain nat-prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		jump services
	}
	chain nat-output {
		type nat hook output priority -100; policy accept;
		jump services
	}
	chain nat-postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		jump masquerading
	}
}
`;

export const kubernetesNft = [
  {
    name: 'no-endpoints-in-nftables-mode',
    title: 'kube-proxy in nftables mode: a cluster address is refused, and a node port is dead on this node',
    hostname: 'worker-9',
    about: `
A node of a cluster whose kube-proxy uses nftables. \`shop/cart\` has no ready pod at all; \`media/ingest\` has node port 30880, \`externalTrafficPolicy: Local\`
and no pod here. Node port 30881 of \`shop/prices\` works. There are no iptables rules.`,
    see: `
An ICMP port unreachable for the cluster address on \`cni0\`; SYNs to port 30880 on \`ens5\` without any answer. The names of the services are comments of
elements of the maps \`no-endpoint-services\` and \`no-endpoint-nodeports\`.`,
    expect: [
      {
        protocol: 'tcp',
        client: '10.244.3.7',
        server: '10.96.120.44',
        port: 80,
        status: 'rejected',
        cause: 'flt-k8s-service-drop',
        namespace: 'host',
        mustNot: [
          'flt-reject',
          'flt-nft-other-table',
          'sock-not-listening',
          'nat-no-dnat-host-rst',
          'ext-remote-reset',
        ],
        fixCommandShouldContain: 'kubectl -n shop get endpointslices -l kubernetes.io/service-name=cart',
      },
      {
        protocol: 'tcp',
        client: '198.51.100.1',
        server: '198.51.100.23',
        port: 30880,
        status: 'dropped',
        statusAlso: ['no-reply'],
        cause: 'flt-k8s-service-drop',
        namespace: 'host',
        mustNot: ['flt-rule-drop', 'flt-input-drop', 'flt-nft-other-table', 'sock-not-listening'],
        fixCommandShouldContain: 'kubectl -n media patch service ingest',
      },
      { protocol: 'tcp', client: '198.51.100.1', server: '198.51.100.23', port: 30881 },
    ],
    async record(lab) {
      const { host } = lab;
      const { outside, pods } = await node(lab, [
        ['checkout', 7],
        ['prices', 19],
      ]);
      const [checkout, prices] = pods;
      await host.sh(`nft -f - <<'RULES'\n${RULES}RULES\n`);
      await prices.start('peer tcp-serve 0.0.0.0 8080 pricesd');
      const [bridge, uplink] = await lab.capture(host, ['cni0', 'ens5']);
      await lab.works(outside, 'peer tcp-ask 198.51.100.23 30881');
      await lab.fails(checkout, 'peer tcp-ask 10.96.120.44 80', /refused/);
      await lab.fails(outside, 'peer tcp-ask 198.51.100.23 30880', /timed out/);
      await lab.captured();
      lab.seen(bridge, 'icmp[0] == 3 and icmp[1] == 3');
      lab.seen(uplink, 'tcp[13] == 2 and dst port 30880');
      lab.unseen(uplink, 'src port 30880');
      await lab.dump(host, {
        only: [
          'ip-addr',
          'ip-route',
          'ip-rule',
          'ip-neigh',
          'sysctl',
          'nstat',
          'bridge-link',
          'nft-ruleset',
          'ss',
          'conntrack',
        ],
      });
      await lab.dump(checkout, { form: 'text' });
      await lab.repaired(
        host,
        `nft delete element ip kube-proxy no-endpoint-nodeports '{ tcp . 30880 }'
        nft add element ip kube-proxy service-nodeports '{ tcp . 30880 : goto external-2KEVSQ5L-shop/prices/tcp/http }'`,
        outside,
        'peer tcp-ask 198.51.100.23 30880',
      );
    },
  },
];
