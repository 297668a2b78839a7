# The state that every form is asked about: sh state.sh HERE THERE. Two namespaces, joined by a pair.
here=$1 there=$2
x() { ip netns exec "$here" "$@"; }
y() { ip netns exec "$there" "$@"; }
ip netns add "$here" && ip netns add "$there" || exit 1
x sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=2 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
y sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
x ip link set lo up
x ip link add lan0 type bridge
x ip link add port0 type veth peer name there0 netns "$there"
x ip link add port1 type veth peer name loose1
x ip link add wan0 mtu 1400 type veth peer name wan0p netns "$there"
x ip link add idle0 type dummy
x ip link set port0 master lan0
x ip link set port1 master lan0
x bridge link set dev port1 hairpin on isolated on
for device in lan0 port0 port1 wan0; do x ip link set $device up; done
y ip link set there0 up
y ip link set wan0p up
x ip addr add 10.72.0.1/24 brd + dev lan0
x ip addr add 10.72.9.1/24 brd + dev lan0 label lan0:web
x ip addr add 192.0.2.1/25 dev wan0
x ip addr add 2001:db8:72::1/64 dev lan0
y ip addr add 10.72.0.9/24 dev there0
y ip addr add 192.0.2.2/25 dev wan0p
x ip route add default via 192.0.2.2 dev wan0
x ip route add default via 10.72.0.254 dev lan0 metric 300
x ip route add 203.0.113.0/24 via 10.72.0.9
x ip route add unreachable 10.200.0.0/16
x ip route add 10.201.0.0/16 nexthop via 10.72.0.9 dev lan0 weight 2 nexthop via 192.0.2.2 dev wan0
x ip route add 10.202.0.0/16 via 10.72.0.9 mtu 1280 src 10.72.9.1
x ip route add 10.203.0.0/16 via 10.72.0.9 table 107
x ip -6 route add default via 2001:db8:72::9 dev lan0
x ip -6 route add unreachable 2001:db8:dead::/48
x ip -6 route add 2001:db8:cc::/64 via 2001:db8:72::9 dev lan0 table 66
x ip rule add from 10.72.0.0/24 to 10.0.0.0/8 lookup 107 pref 100
x ip rule add fwmark 0x7 iif lan0 lookup 107 pref 110
x ip rule add not from 10.0.0.9 oif wan0 unreachable pref 120
x ip rule add ipproto tcp dport 443 lookup main suppress_prefixlength 0 pref 130
x ip neigh add 10.72.0.254 lladdr 02:00:00:00:00:fe dev lan0 nud permanent
x ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev wan0 nud stale
x bridge fdb add 02:11:22:33:44:55 dev port0 master static
x bridge mdb add dev lan0 port port0 grp 239.1.1.1 permanent 2>/dev/null
x tc qdisc add dev wan0 root handle 1: tbf rate 8mbit burst 4k latency 50ms 2>/dev/null
x iptables-restore <<'RULES'
*nat
-A POSTROUTING -s 10.72.0.0/24 -o wan0 -j MASQUERADE
-A PREROUTING -i wan0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.72.0.9:80
COMMIT
*filter
:FORWARD DROP [0:0]
:OWN - [0:0]
-A FORWARD -i lan0 -j OWN
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OWN ! -s 10.72.0.7/32 -p tcp -m multiport --dports 80,443 -m comment --comment "let it out" -j ACCEPT
-A OWN -p icmp -m icmp --icmp-type 8 -j REJECT --reject-with icmp-host-prohibited
-A OWN -j ACCEPT
COMMIT
RULES
x iptables-legacy -A INPUT -s 198.51.100.0/24 -p udp -m udp --dport 53 -j DROP
x ip6tables -A FORWARD -i lan0 -p tcp -m tcp --dport 80 -j ACCEPT
x nft -f - <<'RULES'
table inet own {
	set good { type ipv4_addr; elements = { 192.0.2.1, 192.0.2.2 }; }
	chain in { type filter hook input priority 10; policy accept; tcp dport { 80, 443 } counter accept; ip saddr @good accept; }
}
RULES
x ipset create hosts hash:ip 2>/dev/null && x ipset add hosts 203.0.113.9
x ping -c1 -W1 10.72.0.9 >/dev/null 2>&1
x ping -c1 -W1 192.0.2.2 >/dev/null 2>&1
y ip route add 203.0.113.0/24 via 10.72.0.1
y ping -c1 -W1 203.0.113.77 >/dev/null 2>&1
cat >"/tmp/$here.py" <<'PY'
import socket, time
def at(family, kind, address):
    s = socket.socket(family, kind)
    if kind == socket.SOCK_STREAM: s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(address)
    if kind == socket.SOCK_STREAM: s.listen(7)
    return s
four, six, tcp, udp = socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM, socket.SOCK_DGRAM
held = [at(four, tcp, ('127.0.0.1', 8131)), at(four, tcp, ('0.0.0.0', 8132)), at(six, tcp, ('::1', 8133)), at(four, udp, ('10.72.0.1', 5353))]
link = socket.create_connection(('127.0.0.1', 8131)); peer = held[0].accept()
time.sleep(60)
PY
ip netns exec "$here" setsid python3 "/tmp/$here.py" </dev/null >/dev/null 2>&1 &
echo $!
for try in 1 2 3 4 5 6 7 8 9 10; do
  x ss -tan | grep -q ESTAB && break
  sleep 1
done
rm -f "/tmp/$here.py"
