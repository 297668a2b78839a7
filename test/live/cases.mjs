/**
 * What is broken on the real host, one after the other, and what is tried then. The network (play.mjs): `client` 192.0.2.66 outside,
 * eth0 of the host 192.0.2.10; on docker0 `web` (-p 8080:80) and `app`; on network shop `till` (-p 8081:80); on the internal network
 * vault `safe`; on the network quiet, where containers may not talk, `left` and `right`; `guest`, a namespace behind br-lab.
 */

/** The next one can't listen before this one is gone. */
export const END_HTTPD = `docker exec web sh -c '
  busybox killall httpd; n=0
  while [ $n -lt 50 ] && busybox netstat -ltn | busybox grep -q ":80 "; do n=$((n+1)); busybox sleep 0.1; done'`;

/** Seconds are $PATIENCE: what is broken is given up sooner than what is to work (play.mjs). */
const web = (address, port) => `timeout $PATIENCE wget -q -O /dev/null http://${address}:${port}/`;

/** `causes`: any of them is right. `byHand`: what repairs it where the fix is no command. */
export const cases = [
  {
    name: 'forwarding is off, and a published port is asked',
    causes: ['fwd-ip-forward-off-dnat'],
    breaks: 'sysctl -qw net.ipv4.ip_forward=0',
    tries: ['client', web('192.0.2.10', 8080)],
    restores: 'sysctl -qw net.ipv4.ip_forward=1',
  },
  {
    name: 'forwarding is off, and a container asks outside',
    causes: ['fwd-ip-forward-off'],
    breaks: 'sysctl -qw net.ipv4.ip_forward=0',
    tries: ['app', 'nc -w $PATIENCE 192.0.2.66 7000 </dev/null'],
    restores: 'sysctl -qw net.ipv4.ip_forward=1',
  },
  {
    name: "Docker's chain of the filter table is flushed",
    causes: ['flt-rules-flushed', 'flt-forward-policy-drop'],
    breaks: 'iptables -F DOCKER',
    tries: ['client', web('192.0.2.10', 8080)],
  },
  {
    name: 'a rule of DOCKER-USER drops what comes from outside',
    causes: ['flt-rule-drop'],
    breaks: 'iptables -I DOCKER-USER -i eth0 -p tcp --dport 80 -j DROP',
    tries: ['client', web('192.0.2.10', 8080)],
  },
  {
    name: "the policy of FORWARD drops what isn't Docker's",
    causes: ['flt-forward-policy-drop'],
    breaks: 'iptables -P FORWARD DROP',
    tries: ['guest', 'nc -w $PATIENCE 192.0.2.66 7000 </dev/null'],
    // It works before only because the policy is put to ACCEPT for this case.
    prepares: 'iptables -P FORWARD ACCEPT; iptables -F DOCKER-USER',
  },
  {
    name: 'containers of two networks',
    causes: ['flt-docker-isolation'],
    prepares: 'iptables -I DOCKER-USER -j ACCEPT',
    breaks: 'iptables -D DOCKER-USER -j ACCEPT',
    tries: ['app', ({ till }) => web(till.address, 80)],
  },
  {
    name: 'a container of an internal network asks outside',
    causes: ['flt-docker-internal', 'route-netns-no-default'],
    startsBroken: true,
    breaks: 'true',
    tries: ['safe', 'nc -w $PATIENCE 192.0.2.66 7000 </dev/null'],
    restores: 'docker network disconnect bridge safe || true',
  },
  {
    name: 'the service in the container has ended',
    causes: ['sock-not-listening', 'nat-dnat-wrong-target', 'docker-proxy-dead-backend'],
    breaks: 'docker exec web busybox killall httpd',
    tries: ['client', web('192.0.2.10', 8080)],
    byHand: 'docker exec -d web httpd -p 80 -h /www',
  },
  {
    name: 'the service listens on 127.0.0.1 only',
    causes: ['sock-loopback-bound'],
    breaks: `${END_HTTPD}; docker exec -d web httpd -p 127.0.0.1:80 -h /www`,
    tries: ['client', web('192.0.2.10', 8080)],
    byHand: `${END_HTTPD}; docker exec -d web httpd -p 80 -h /www`,
  },
  {
    name: 'a DNAT rule by hand that points to a container that is gone',
    causes: ['neigh-failed', 'nat-dnat-wrong-target'],
    prepares: ({ web: to }) =>
      `iptables -t nat -I PREROUTING -d 192.0.2.10 -p tcp --dport 8090 -j DNAT --to-destination ${to.address}:80; iptables -I FORWARD -o docker0 -p tcp --dport 80 -j ACCEPT`,
    breaks:
      'iptables -t nat -R PREROUTING 1 -d 192.0.2.10 -p tcp --dport 8090 -j DNAT --to-destination 172.17.0.99:80',
    tries: ['client', web('192.0.2.10', 8090)],
    byHand: ({ web: to }) =>
      `iptables -t nat -R PREROUTING 1 -d 192.0.2.10 -p tcp --dport 8090 -j DNAT --to-destination ${to.address}:80`,
  },
  {
    name: 'a container asks for its neighbour by the address of the host',
    causes: ['nat-hairpin-same-bridge'],
    prepares: ({ web: to }) =>
      `sysctl -qw net.bridge.bridge-nf-call-iptables=1; iptables -t nat -I PREROUTING -d 192.0.2.10 -p tcp --dport 8090 -j DNAT --to-destination ${to.address}:80`,
    breaks: 'sysctl -qw net.bridge.bridge-nf-call-iptables=0',
    tries: ['app', web('192.0.2.10', 8090)],
    restores: 'sysctl -qw net.bridge.bridge-nf-call-iptables=1',
  },
  {
    name: 'large answers meet a smaller MTU, and nobody hears of it',
    causes: ['mtu-pmtu-blackhole'],
    breaks: 'ip link set eth0 mtu 1400; iptables -I OUTPUT -p icmp --icmp-type fragmentation-needed -j DROP',
    tries: ['client', 'timeout $PATIENCE wget -q -O /dev/null http://192.0.2.10:8080/large'],
    restores: 'ip link set eth0 mtu 1500',
  },
  {
    name: 'a UDP flow keeps the address of a container that was replaced',
    causes: ['nat-stale-udp'],
    prepares: ({ app: to }) =>
      `iptables -t nat -I PREROUTING -d 192.0.2.10 -p udp --dport 5300 -j DNAT --to-destination ${to.address}:53; iptables -I FORWARD -o docker0 -p udp --dport 53 -j ACCEPT`,
    breaks: `iptables -t nat -R PREROUTING 1 -d 192.0.2.10 -p udp --dport 5300 -j DNAT --to-destination 172.17.0.98:53
      conntrack -D -p udp >/dev/null 2>&1 || true`,
    after: ({ app: to }) =>
      `iptables -t nat -R PREROUTING 1 -d 192.0.2.10 -p udp --dport 5300 -j DNAT --to-destination ${to.address}:53`,
    tries: ['client', 'peer udp-ask 192.0.2.10 5300 --tries 3 --from 40000'],
    // One datagram while the rule pointed elsewhere: that is what the entry remembers.
    between: ['client', 'peer udp-ask 192.0.2.10 5300 --tries 1 --from 40000'],
  },
  {
    name: 'INPUT keeps containers from a service of the host',
    causes: ['flt-input-blocks-container', 'flt-input-drop'],
    breaks: 'iptables -I INPUT -i docker0 -p tcp --dport 7001 -j DROP',
    tries: ['app', 'nc -w $PATIENCE 172.17.0.1 7001 </dev/null'],
  },
  {
    name: 'nothing translates the addresses of the containers',
    causes: ['nat-masquerade-missing'],
    breaks: 'iptables -t nat -F POSTROUTING',
    tries: ['app', 'nc -w $PATIENCE 192.0.2.66 7000 </dev/null'],
  },
  {
    name: 'containers of a network without inter-container communication',
    causes: ['flt-icc-off'],
    startsBroken: true,
    breaks: 'true',
    tries: ['left', ({ right }) => web(right.address, 80)],
  },
  {
    name: 'a container has lost its default route',
    causes: ['route-netns-no-default', 'route-reply-no-default'],
    breaks: ({ app }) => `nsenter -t ${app.inManifest.pid} -n ip route del default`,
    tries: ['app', 'nc -w $PATIENCE 192.0.2.66 7000 </dev/null'],
  },
  {
    name: 'the bridge lost its address',
    causes: ['bridge-no-ip', 'route-wrong-gateway', 'neigh-failed'],
    breaks: 'ip addr del 172.17.0.1/16 dev docker0',
    tries: ['app', 'nc -w $PATIENCE 192.0.2.66 7000 </dev/null'],
    restores: 'ip addr replace 172.17.0.1/16 dev docker0',
  },
];
