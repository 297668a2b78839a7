#!/bin/sh
# One state of a namespace by the files of /proc/net and the commands that have more of it. Needs root; works in namespaces of its own.
#
#     sh test/dump/proc/record.sh
set -eu
cd "$(dirname "$0")"
A=nettrace-proc-a
B=nettrace-proc-b
in_a() { ip netns exec $A "$@"; }
cleanup() {
  kill $PIDS 2>/dev/null || true
  ip netns del $A 2>/dev/null || true
  ip netns del $B 2>/dev/null || true
}
PIDS=
trap cleanup EXIT
ip netns add $A
ip netns add $B
ip -n $A link set lo up
ip -n $A link add eth0 type veth peer name eth0 netns $B
ip -n $A addr add 10.9.0.1/24 dev eth0
ip -n $A addr add 2001:db8:9::1/64 dev eth0 nodad
ip -n $B addr add 10.9.0.2/24 dev eth0
ip -n $B addr add 2001:db8:9::2/64 dev eth0 nodad
ip -n $A link set eth0 up
ip -n $B link set eth0 up
ip -n $A route add default via 10.9.0.2
ip -n $A route add 172.20.0.0/14 via 10.9.0.2 metric 50
ip -n $A route add unreachable 192.0.2.0/25
ip -n $A -6 route add default via 2001:db8:9::2 metric 100
in_a sleep 60 & PIDS="$!"
in_a iptables-nft -A OUTPUT -m conntrack --ctstate INVALID
in_a python3 -c '
import socket, time
keep = []
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"), (socket.AF_INET6, "2001:db8:9::1")):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        sock = socket.socket(family, kind)
        sock.bind((address, 5000 + len(keep)))
        if kind == socket.SOCK_STREAM: sock.listen()
        keep.append(sock)
client = socket.create_connection(("127.0.0.1", 5000))
server, _ = keep[0].accept()
print("ready", flush=True)
time.sleep(60)
' > ready & PIDS="$PIDS $!"
while ! grep -q ready ready; do sleep 0.1; done
rm ready
in_a ping -q -c 2 10.9.0.2 > /dev/null
for file in route ipv6_route tcp tcp6 udp udp6 dev snmp snmp6 netstat softnet_stat arp; do in_a cat /proc/net/$file > $file.txt; done
in_a cat /proc/net/stat/nf_conntrack > stat-nf_conntrack.txt
in_a conntrack -S > conntrack-s.txt
in_a nstat -az > nstat.txt
in_a ip -4 route > ip-route.txt
in_a ip -j -s -s link > ip-s-link.json
in_a ip -j neigh > ip-neigh.json
in_a ethtool -S eth0 > ethtool-s.txt
in_a ss -antu > ss-antu.txt
in_a netstat -antu > netstat-antu.txt
in_a ip netns list-id > ip-netns-list-id.txt
in_a ip -j netns list-id > ip-netns-list-id.json
ip netns list | grep "^$A\|^$B" > ip-netns-list.txt
lsns -t net > lsns.all
lsns -J -t net > lsns-all.json
# What else runs on the machine is nobody's business.
{ head -1 lsns.all; grep "nettrace-proc" lsns.all; } > lsns.txt
python3 -c '
import json
kept = [each for each in json.load(open("lsns-all.json"))["namespaces"] if "nettrace-proc" in str(each.get("nsfs"))]
print(json.dumps({"namespaces": kept}, indent=3))' > lsns.json
rm lsns.all lsns-all.json
