#!/bin/sh
# Records the samples of test/dump/recorded: one state of a namespace, in every form its commands print.
# Usage, as root: sh test/dump/record.sh [DIRECTORY]; needs iproute2, iptables, ipset, nft, conntrack, net-tools, brctl, python3.
out=${1:-$(dirname "$0")/recorded}
left=ntd-left right=ntd-right
mkdir -p "$out"
drop() { ip netns del $left 2>/dev/null; ip netns del $right 2>/dev/null; }
drop
trap drop EXIT
ip netns add $left && ip netns add $right || exit 1
x() { ip netns exec $left "$@"; }
y() { ip netns exec $right "$@"; }
q() { "$@" >/dev/null 2>&1; }

x sysctl -qw net.ipv4.ip_forward=1
x ip link set lo up
y ip link set lo up
x ip link add lan0 type bridge stp_state 0
x ip link add pair0 type veth peer name up0 netns $right
x ip link add pair1 type veth peer name pair1p
x ip link add wan0 type veth peer name wan0p netns $right
x ip link add ptp0 mtu 1400 type veth peer name ptp0p mtu 1400
x ip link add vx42 type vxlan id 42 dstport 4789 remote 192.0.2.2 dev wan0
x ip link add mv0 link wan0 type macvlan mode bridge
x ip tuntap add dev tap5 mode tap
x ip tuntap add dev tun5 mode tun
x ip link set pair0 master lan0
x ip link set pair1 master lan0
x bridge link set dev pair1 hairpin on isolated on
for device in lan0 pair0 pair1 wan0 ptp0 ptp0p vx42 mv0 tap5 tun5; do x ip link set $device up; done
x ip link property add dev wan0 altname enpalt0
y ip link set up0 up
y ip link set wan0p up

x ip addr add 10.71.0.1/24 brd + dev lan0
x ip addr add 10.71.0.2/24 dev lan0
x ip addr add 10.71.9.1/24 dev lan0 label lan0:web
x ip addr add 192.0.2.1/25 dev wan0 metric 77
x ip addr add 10.99.0.1 peer 10.99.0.2/32 dev ptp0
x ip addr add 198.51.100.7/24 dev ptp0 valid_lft 3000 preferred_lft 1800
x ip addr add 2001:db8:71::1/64 dev lan0 nodad
x ip addr add 2001:db8:72::1/64 dev wan0 nodad valid_lft 9000 preferred_lft 0
y ip addr add 10.71.0.9/24 dev up0
y ip addr add 192.0.2.66/25 dev wan0p
y ip addr add 2001:db8:71::9/64 dev up0 nodad
y ip route add 203.0.113.0/24 via 10.71.0.1

x ip route add default via 10.71.0.254 dev lan0 proto static metric 100
x ip route add default via 192.0.2.126 dev wan0 metric 200 onlink
x ip route add 203.0.113.0/25 nexthop via 10.71.0.253 dev lan0 weight 1 nexthop via 192.0.2.100 dev wan0 weight 3
x ip route add 203.0.113.128/25 via 192.0.2.66
x ip route add unreachable 10.200.0.0/16
x ip route add blackhole 10.201.0.0/16 metric 9
x ip route add prohibit 10.202.0.0/16
x ip route add throw 10.203.0.0/16
x ip route add 10.204.0.0/16 via 10.71.0.200 mtu 1300 advmss 1260 src 10.71.0.2 tos 0x10
x ip route add 10.205.0.0/16 via 10.71.0.200 mtu lock 1280 initcwnd 20
x ip -4 route add 10.206.0.0/16 via inet6 fe80::1 dev lan0
x ip route add 10.207.0.7 dev ptp0 scope link table 107
x ip route add default via 10.71.0.77 dev lan0 table 207
x ip route add local 10.210.0.0/16 dev lo
x ip route add multicast 239.0.0.0/8 dev lan0
x ip route add broadcast 10.71.77.255 dev lan0 table local
x ip nexthop add id 5 via 10.71.0.55 dev lan0
x ip route add 10.208.0.0/16 nhid 5
x ip route add 10.209.0.0/16 dev tun5
x ip route add 10.211.0.0/16 encap ip id 42 dst 192.0.2.2 dev wan0
x ip -6 route add default via fe80::9 dev lan0 metric 50
x ip -6 route add 2001:db8:aa::/48 nexthop via 2001:db8:71::a dev lan0 weight 2 nexthop via 2001:db8:72::b dev wan0
x ip -6 route add unreachable 2001:db8:dead::/48
x ip -6 route add blackhole 2001:db8:beef::/48 table 66
x ip -6 route add 2001:db8:bb::/48 via fe80::9 dev lan0 mtu 1300 pref high
x ip -6 route add 2001:db8:cc::/64 from 2001:db8:1::/48 via fe80::9 dev lan0

t() { name=$1; shift; x "$@" >"$out/$name.txt" 2>/dev/null; }
j() { name=$1; shift; x "$@" >"$out/$name.json" 2>/dev/null; }
x iptables-restore <<'RULES'
*nat
-A POSTROUTING -s 10.71.0.0/24 -o wan0 -j MASQUERADE
-A PREROUTING -i lan0 -p tcp --dport 8080 -j DNAT --to-destination 192.0.2.66:80
COMMIT
*filter
:FORWARD DROP [0:0]
:OWN - [0:0]
-A FORWARD -i lan0 -j OWN
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OWN -p tcp -m multiport --dports 80,443 -j ACCEPT
-A OWN -j ACCEPT
COMMIT
RULES
x ip6tables-restore <<'RULES'
*filter
-A FORWARD -i lan0 -j ACCEPT
COMMIT
RULES
x nft -f - <<'RULES'
table inet own {
	set good { type ipv4_addr; elements = { 192.0.2.1, 192.0.2.2 }; }
	chain pre { type nat hook prerouting priority dstnat; policy accept; }
	chain in {
		type filter hook input priority 10; policy drop;
		tcp dport 22 accept
		tcp dport { 80, 443 } counter accept comment "odd } brace"
		ip saddr @good accept
	}
	chain side { }
}
table bridge guard {
	chain pass { type filter hook forward priority -200; }
}
RULES
x sysctl -qw net.netfilter.nf_conntrack_acct=1
q y ping -c1 -W1 203.0.113.129
y python3 - <<'PY'
import socket
def go(kind, address, bind=None):
    s = socket.socket(socket.AF_INET, kind); s.settimeout(0.4)
    if bind: s.bind(bind)
    try:
        s.connect(address); s.send(b'x')
    except OSError: pass
go(socket.SOCK_DGRAM, ('203.0.113.130', 5000), ('10.71.0.9', 4000))
web = socket.socket(); web.bind(('192.0.2.66', 80)); web.listen(1)
held = socket.create_connection(('10.71.0.1', 8080), 1); held.send(b'x'); web.accept()
import time, os
if os.fork() == 0: time.sleep(2); os._exit(0)
go(socket.SOCK_STREAM, ('203.0.113.131', 81), ('10.71.0.9', 4100))
PY
t conntrack conntrack -L
t conntrack-extended conntrack -L -o extended,id
t nf_conntrack cat /proc/net/nf_conntrack
t nstat nstat -az
t nstat-json nstat -azj
t netstat-s netstat -s
t iptables-save iptables-save
t iptables-save-c iptables-save -c
t ip6tables-save ip6tables-save
t nft nft list ruleset
t nft-a nft -a list ruleset
j nft nft -j -a list ruleset
x nft delete table inet own
mv "$out/nstat-json.txt" "$out/nstat.json"

x ipset restore <<'SETS'
create hosts hash:ip timeout 86400 counters comment skbinfo
add hosts 203.0.113.9 timeout 3600 packets 12 bytes 3400 comment "asked for it" skbmark 0x11/0xff skbprio 1:10 skbqueue 3
add hosts 203.0.113.10 timeout 0 skbmark 0x7
add hosts 203.0.113.11 skbprio ffff:1
create halves hash:ip netmask 24 maxelem 100
add halves 203.0.113.200
create odd hash:ip bitmask 255.0.255.255
add odd 203.0.113.7
create six hash:ip family inet6 hashsize 64
add six 2001:db8::1
add six ::1.2.3.4
add six ::ffff:1.2.3.4
create lan bitmap:ip range 10.71.0.0/24 timeout 0
add lan 10.71.0.8-10.71.0.10
create wide bitmap:ip range 10.0.0.0/8 netmask 16
add wide 10.3.0.0
create stations bitmap:ip,mac range 10.71.0.0/28 counters
add stations 10.71.0.1,02:ab:cd:00:00:01
add stations 10.71.0.2
create low bitmap:port range 0-1023
add low 80
add low 443
create nets hash:net comment
add nets 10.0.0.0/8 comment "private"
add nets 10.71.0.0/16 nomatch
add nets 198.51.100.4
create nets6 hash:net family inet6 timeout 60000
add nets6 2001:db8::/32 timeout 0
create services hash:ip,port
add services 10.71.0.9,80
add services 10.71.0.9,udp:53
add services 10.71.0.9,sctp:5000
add services 10.71.0.9,icmp:echo-request
add services 10.71.0.9,icmp:8/9
add services 10.71.0.9,gre:0
add services 10.71.0.9,255:0
create services6 hash:ip,port family inet6
add services6 2001:db8::9,icmpv6:echo-request
add services6 2001:db8::9,tcp:443
create masked hash:ip,port bitmask 255.255.0.255
add masked 10.71.5.9,tcp:80
create paths hash:ip,port,ip
add paths 10.71.0.9,tcp:80,203.0.113.1
create ways hash:ip,port,net
add ways 10.71.0.9,tcp:80,203.0.113.0/24
add ways 10.71.0.9,tcp:80,203.0.113.128/25 nomatch
create ports hash:net,port
add ports 10.71.0.0/24,tcp:8080-8082
create doors hash:net,iface timeout 600000 counters
add doors 0.0.0.0/0,wan0 timeout 0
add doors 10.71.0.0/24,physdev:pair0 timeout 0
add doors 10.71.0.0/24,pair wildcard timeout 0
add doors 10.71.1.0/24,lan0 nomatch timeout 0
create all list:set size 16 timeout 0
add all nets
add all hosts before nets
create none hash:net,port family inet6
create pair list:set counters
SETS
t ipset-save ipset save
t ipset-list ipset list
t ipset-list-t ipset list -t
t ipset-list-xml ipset list -o xml

x ip rule add from 10.71.0.0/24 to 10.0.0.0/8 lookup 107 pref 100
x ip rule add fwmark 0x1/0xff lookup 207 pref 110
x ip rule add fwmark 7 iif lan0 lookup 207 pref 111
x ip rule add not from 10.0.0.9 oif wan0 unreachable pref 120
x ip rule add ipproto tcp sport 1000-2000 dport 443 lookup main suppress_prefixlength 0 pref 130
x ip rule add tos 0x10 to 203.0.113.9 prohibit pref 140
x ip rule add iif nosuch blackhole pref 150
x ip rule add uidrange 1000-1001 goto 32766 pref 160
x ip rule add to 10.9.9.9 goto 999 pref 170
x ip rule add from all nop pref 180
x ip rule add tun_id 5 lookup 107 pref 190
x ip rule add from 10.3.0.0/16 realms 3/4 lookup main pref 195
x ip rule add l3mdev pref 1000
x ip -6 rule add from 2001:db8::/32 lookup 66 pref 90

x ip neigh add 10.71.0.254 lladdr 02:00:00:00:00:fe dev lan0 nud permanent
x ip neigh add 192.0.2.126 lladdr 02:00:00:00:00:7e dev wan0 nud stale
x ip neigh add 10.71.0.200 dev lan0 nud failed
x ip neigh add proxy 10.71.0.66 dev lan0
x ip -6 neigh add fe80::9 lladdr 02:00:00:00:00:09 dev lan0 router nud reachable
x bridge fdb add 02:11:22:33:44:55 dev pair0 master static
x bridge fdb add 02:11:22:33:44:56 dev vx42 dst 192.0.2.77 self
x bridge fdb add 02:11:22:33:44:57 dev pair1 master dynamic extern_learn
q x ping -c1 -W1 10.71.0.9
sleep 3

t ip-addr ip addr
j ip-addr ip -j addr
t ip-d-addr ip -d addr
j ip-d-addr ip -d -j addr
t ip-4-addr ip -4 addr
t ip-link ip link
j ip-link ip -j link
t ip-ss-link ip -s -s link
j ip-ss-link ip -s -s -j -p link
t ip-o-link ip -o link
t ip-route ip route
j ip-route ip -j route
t ip-route-all ip route show table all
j ip-route-all ip -j -p route show table all
t ip-d-route-all ip -d route show table all
t ip-o-route ip -o route
t ip-route-local ip route show table local
t ip6-route ip -6 route
j ip6-route ip -6 -j route
t ip-rule ip rule
j ip-rule ip -j rule
t ip-d-rule ip -d rule
t ip6-rule ip -6 rule
j ip6-rule ip -6 -j rule
t ip-neigh ip neigh
j ip-neigh ip -j neigh
t ip-s-neigh ip -s neigh
t ip-neigh-proxy ip neigh show proxy
j ip-neigh-proxy ip -j neigh show proxy
t bridge-link bridge link
j bridge-link bridge -j link
t bridge-d-link bridge -d link
j bridge-d-link bridge -d -j link
t bridge-fdb bridge fdb
j bridge-fdb bridge -j fdb
t bridge-s-fdb bridge -s fdb
t route-n route -n
t route-6 route -6 -n
t brctl-show brctl show
t arp-n arp -n
t arp-a arp -a -n
t ifconfig ifconfig
t sysctl sysctl net.ipv4.ip_forward net.ipv4.conf.all net.ipv4.conf.lan0 net.ipv4.tcp_rmem
x sh -c 'grep -r . /proc/sys/net/ipv4/conf/all /proc/sys/net/ipv4/conf/lan0 /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/tcp_rmem' >"$out/sysctl-proc.txt" 2>/dev/null

x python3 - <<'PY' &
import socket, time
def at(family, kind, address, *options):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for level, name, value in options: s.setsockopt(level, name, value)
    s.bind(address)
    if kind == socket.SOCK_STREAM: s.listen(7)
    return s
four, six, tcp, udp = socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM, socket.SOCK_DGRAM
only = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
held = [at(four, tcp, ('127.0.0.1', 8131)), at(six, tcp, ('::', 8132)), at(six, tcp, ('2001:db8:71::1', 8133), only),
        at(six, tcp, ('::', 8134), only), at(four, tcp, ('0.0.0.0', 8134)), at(four, udp, ('10.71.0.1', 5353)),
        at(four, udp, ('0.0.0.0', 67), (socket.SOL_SOCKET, 25, b'lan0'))]
c = socket.create_connection(('127.0.0.1', 8131)); held[0].accept()
time.sleep(4)
PY
sleep 2
t ss-lntup ss -lntup
t ss-lntu ss -lntu
t ss-lnt ss -lnt
t ss-antup ss -antup
t ss-lntupe ss -lntupe
t netstat-lntup netstat -lntup
t netstat-antup netstat -antup
wait
