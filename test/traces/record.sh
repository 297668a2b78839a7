#!/bin/bash
# Records test/traces/recorded anew: one small network, the same traffic with either backend, and what the kernel traced of it.
# Root, on Linux with iptables 1.8 (both backends), nft, tcpdump, python3. Everything happens in namespaces of its own.
set -eu
cd "$(dirname "$0")"
HERE=$PWD OUT=$PWD/recorded WORK=$(mktemp -d) P=trcrec
R="ip netns exec ${P}r" C="ip netns exec ${P}c"
trap 'for n in c d r s; do ip netns del $P$n 2>/dev/null; done; rm -rf "$WORK"' EXIT
for n in c d r s; do ip netns add $P$n; ip -n $P$n link set lo up; done
ip -n ${P}r link add br0 address 02:00:00:00:05:01 type bridge
ip link add v1 netns ${P}c address 02:00:00:00:05:02 type veth peer name p1 netns ${P}r
ip link add v1 netns ${P}d address 02:00:00:00:05:03 type veth peer name p2 netns ${P}r
ip link add eth0 netns ${P}s address 02:00:00:00:06:09 type veth peer name up0 netns ${P}r
ip -n ${P}r link set p1 master br0; ip -n ${P}r link set p2 master br0
for l in p1 p2 br0 up0; do ip -n ${P}r link set $l up; done
ip -n ${P}c link set v1 up; ip -n ${P}d link set v1 up; ip -n ${P}s link set eth0 up
ip -n ${P}r addr add 10.5.0.1/24 dev br0; ip -n ${P}r addr add 192.0.2.1/24 dev up0
ip -n ${P}r addr add fd05::1/64 dev br0 nodad; ip -n ${P}r addr add fd06::1/64 dev up0 nodad
ip -n ${P}c addr add 10.5.0.2/24 dev v1; ip -n ${P}d addr add 10.5.0.3/24 dev v1; ip -n ${P}s addr add 192.0.2.9/24 dev eth0
ip -n ${P}c addr add fd05::2/64 dev v1 nodad; ip -n ${P}d addr add fd05::3/64 dev v1 nodad; ip -n ${P}s addr add fd06::9/64 dev eth0 nodad
ip -n ${P}c route add default via 10.5.0.1; ip -n ${P}d route add default via 10.5.0.1
ip -n ${P}c -6 route add default via fd05::1; ip -n ${P}d -6 route add default via fd05::1; ip -n ${P}s -6 route add default via fd06::1
$R sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
sleep 2

cat > "$WORK/traffic.sh" <<EOF
ip netns exec ${P}s python3 -c '
import socket
a=socket.socket(socket.AF_INET6,socket.SOCK_STREAM); a.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); a.bind(("::",80)); a.listen(5); a.settimeout(7)
try:
  while 1:
    c,_=a.accept(); c.send(b"hi"); c.close()
except Exception: pass
' & SRV=\$!
sleep 0.3
tcp() { python3 -c '
import socket,sys
s=socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET,socket.SOCK_STREAM); s.settimeout(0.5)
try:
  s.connect((sys.argv[1],int(sys.argv[2]))); s.recv(9)
except Exception: pass
' "\$@"; }
udp() { python3 -c '
import socket,sys
s=socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET,socket.SOCK_DGRAM); s.sendto(b"hello",(sys.argv[1],int(sys.argv[2])))' "\$@"; }
ping() { python3 $HERE/ping.py "\$@"; }
export -f tcp udp ping
$C bash -c 'tcp 10.5.0.1 8080; tcp 192.0.2.9 22; udp 192.0.2.9 53; udp 10.5.0.1 99; ping 10.5.0.3; ping 192.0.2.9; tcp fd06::9 80; udp fd06::9 53; ping fd06::9; udp 192.0.2.9 514' >/dev/null
$R bash -c 'ping 127.0.0.1; ping ::1; tcp 192.0.2.9 80' >/dev/null
wait \$SRV
EOF

for backend in nft legacy; do
  mkdir -p "$OUT/$backend"; cd "$OUT/$backend"
  $R iptables-$backend-restore < ../rules.v4; $R ip6tables-$backend-restore < ../rules.v6
  $R sysctl -qw net.netfilter.nf_log.2=nfnetlink_log net.netfilter.nf_log.10=nfnetlink_log
  $R iptables-$backend-save > iptables-save.txt; $R ip6tables-$backend-save > ip6tables-save.txt
  jobs=()
  for i in up0 p1; do $R tcpdump -q -U -n -i $i -w $i.pcap ip or ip6 2>/dev/null & jobs+=($!); done
  if [ $backend = nft ]; then
    $R nft -a list ruleset > nft-ruleset.txt 2>/dev/null; $R nft -a -j list ruleset > nft-ruleset.json
    $R stdbuf -oL nft monitor trace > nft-trace.txt 2>/dev/null & jobs+=($!)
    $R stdbuf -oL xtables-monitor --trace > xtables-monitor.txt 2>/dev/null & jobs+=($!)
  else
    $R tcpdump -q -U -n -i nflog:0 -w "$WORK/nflog.pcap" 2>/dev/null & jobs+=($!)
  fi
  sleep 1; bash "$WORK/traffic.sh"; sleep 0.5
  kill "${jobs[@]}" 2>/dev/null || true; sleep 0.3
  $R iptables-$backend-save -c > counters.v4; $R ip6tables-$backend-save -c > counters.v6
  if [ $backend = nft ]; then $R nft flush ruleset
  else
    links=$($R ip -o link | sed -E 's/^([0-9]+): ([^:@]+).*/\1 \2/' | paste -sd,)
    python3 "$HERE/nflog.py" "$WORK/nflog.pcap" "$links" > kernel.log
  fi
done
cd "$OUT"
$R ip -d -j addr show > ip-addr.json; $R ip -d -j route show table all > ip-route.json
$R ip -6 -d -j route show table all > ip6-route.json; $R ip -j neigh show > ip-neigh.json
$R ip -j rule show > ip-rule.json; $R bridge -j fdb show > bridge-fdb.json
$R sysctl -a 2>/dev/null | grep -E '^net\.(ipv4\.(ip_forward|conf|icmp)|ipv6\.conf|bridge)' > sysctl.txt
