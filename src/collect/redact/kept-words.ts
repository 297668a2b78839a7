/**
 * Words in which dumps are written: keywords, keys, options, counters, settings, names of programs and of chains that programs make. A name
 * that is one of them stays, since the dump could not be read without it, and since it tells nothing of anybody.
 */
const WORDS = `
1ff 2ff 4ff 6ff 7ff aborted above absent absolute accept accepts ack acknowledgement action activeopens
add addr address addrgenmode addrs addrtype adm admin admit advert advertisement after again age ageing
ahlen ahres ahspi algo alias aliases all allmulti altname altnames always ambiguous and announce antrea
any anycast anywhere apparmorprofile append apr args argument arp arpa arptables arriving asconf assumed
assured attachable attachstderr attachstdin attachstdout attemptfails attempts attributes audit aug auth
auto autoremove avgpkt aws backend backlog backup bad balance bare base bash bcast bcastflood before
begins between beyond big bigint binary binding binds bitmap bitmask bits biz blackhole blink
blkiodevicereadbps blkiodevicereadiops blkiodevicewritebps blkiodevicewriteiops blkioweight
blkioweightdevice block blocked blocking blocks bond boolean boot both bpf bps bps1 bps2 brctl brd break
bridge bridged bridges broadcast broute bucket buckets bucketsize bundle burst bypass bytecode bytes
cache caddy calico call canary capadd capdrop capture captures careof carrier cgroup cgroupnsmode
cgroupparent cgroupsv2 cgroupv2 chain chains chaintoolong change changed changes check checksum chunk
chunks cilium clamp clash class classid classify close closereq closing cluster clusterip clustermac cmd
cmtp cni cni0 cnt code collectedat collisions collsns com command comment commit communication complete
completed compose compres compressed concat conf config configfrom configonly confirmed connbytes
connlabel connlimit connmark connsecmark conntrack consolesize constant container containerd
containeridfile containers context contiguous continue control controlport cookie cosmos cost count
counter counters counts covers cprange cpu cpucount cpupercent cpuperiod cpuquota cpurealtimeperiod
cpurealtimeruntime cpusetcpus cpusetmems cpushares crc create created crowdsec cs0 csf csum csum6 ctdir
ctevents ctexpire ctmask ctorig ctorigdst ctorigdstport ctorigsrc ctorigsrcport ctproto ctrepldst
ctrepldstport ctreplsrc ctreplsrcport ctstate ctstatus cum cupsd currestab cutoff cwr daddr data dataack
datestart datestop day db8 dccp dead dec default definition del delay delete deleted delta describe
designated dest destination destinationports destport destroy destunreachs detected dev devgroup device
devicecgrouprules devicerequests devices dig dir direction disable disabled dmesg dmz0 dnat dnpt dns
dnsmasq dnsoptions dnssearch docker docker0 dockerd domain domainname done dormant down dport dports dpt
driver driveropts drop dropped drops drp dscp dsfield dst dstip dstkey dstmask dstport dump dup during
dynamic early ebtables ece echo echoreps echos ecn ect edns edu egress elasticity elem element elements
embryonicrsts enabled enableipv6 encap end endpoint endpointid engine eno1 enp2s0 ens3 ens4 ens5 entries
entry entrypoint env epoch err error errors esp espspi estab established estabresets eth0 eth1 ether
ethers ethtool eui64 event every ewmalog exact example exceeded exec execids exist exists exit exitcode
expectation expected expevents expiration expire expires export exporter exposedports expr expression
ext extension extern external exthdr extrahosts fail fail2ban failed false families family fanout
fastleave fdb feb fib field fields fifo file fill filter filtering fin finishedat firewall firewalld
flag flags flannel flood flow flowid flowlbl flowtable flush forceadd foreign forever forward forwarding
forwdatagrams found frag fragcreates fragfails fragfirst fragid fraglast fraglen fragment fragmentation
fragments fragmore fragoks fragres frame fri from full fully fwd fwmark fwmask gap gaps gate gateway gbp
gcinterval gen generated geneve genmask genre get gid global goes gooch goto gov gpe graphdriver gre
gretap gro group groupadd groupfwdmask groups grp gshadow gso guard hairpin hairpinmode handle hash
hashlimit hashmode hashsize hbh hdr header heartbeat heartbt hello helper hex high hitcount hmark hold
home hook hop hoplimit host hostconfig hostip hostname hostnamepath hostport hosts hostspath hour htable
httpd hwaddr ibrhwaddr ibriport ibrname ibrport ibrpvid ibrvproto icase icmp icmp6 icmp6inechos
icmp6inerrors icmp6inmsgs icmp6intype1 icmp6outechos icmp6outerrors icmp6outmsgs icmp6outtype1
icmpinaddrmaskreps icmpinaddrmasks icmpincsumerrors icmpindestunreachs icmpinechoreps icmpinechos
icmpinerrors icmpinmsgs icmpinparmprobs icmpinredirects icmpinsrcquenchs icmpintimeexcds
icmpintimestampreps icmpintimestamps icmpmsgintype0 icmpmsgintype11 icmpmsgintype3 icmpmsgintype8
icmpmsgouttype0 icmpmsgouttype3 icmpmsgouttype5 icmpmsgouttype8 icmpoutaddrmaskreps icmpoutaddrmasks
icmpoutdestunreachs icmpoutechoreps icmpoutechos icmpouterrors icmpoutmsgs icmpoutparmprobs
icmpoutratelimitglobal icmpoutratelimithost icmpoutredirects icmpoutsrcquenchs icmpouttimeexcds
icmpouttimestampreps icmpouttimestamps icmpv6 icmpx icsum id idletimer idp idpr if10 if2 if3 if4 if5 if6
if7 if8 if9 iface ifaddr ifconfig ifgroup ifgrp ifindex ifname igmp ignore ignored iif iifgroup iifkind
iifname iiftype image implicit inaddrerrors inbound inc incompatible incomplete incus ind indatagrams
indelivers index indiscards inerrors inerrs inet inet6 inf inference info ingress inhdrerrors init
initial initval inmsgs input inreceives insegs insert inspect int integer interface interfaces internal
interval intvl inunknownprotos invalid invert iomaximumbandwidth iomaximumiops ip6 ip6fragcreates
ip6fragfails ip6fragoks ip6inaddrerrors ip6incepkts ip6indelivers ip6indiscards ip6inect0pkts
ip6inect1pkts ip6inhdrerrors ip6inmcastpkts ip6innoectpkts ip6innoroutes ip6inoctets ip6inreceives
ip6outdiscards ip6outmcastpkts ip6outnoroutes ip6outoctets ip6outrequests ip6outtransmits ip6reasmfails
ip6reasmoks ip6reasmreqds ip6reasmtimeout ip6tables ip6tnl ipaddress ipam ipamconfig ipcmode ipcomp
ipcompspi ipextinbcastoctets ipextinbcastpkts ipextincepkts ipextincsumerrors ipextinect0pkts
ipextinect1pkts ipextinmcastoctets ipextinmcastpkts ipextinnoectpkts ipextinnoroutes ipextinoctets
ipextintruncatedpkts ipextoutbcastoctets ipextoutbcastpkts ipextoutmcastoctets ipextoutmcastpkts
ipextoutoctets ipextreasmoverlaps ipforwdatagrams ipfragcreates ipfragfails ipfragoks iphash
ipinaddrerrors ipindelivers ipindiscards ipinhdrerrors ipinreceives ipinunknownprotos ipip ipmachash
ipmap ipmarkhash ipnet ipoutdiscards ipoutnoroutes ipoutrequests ipouttransmits ipporthash ipportiphash
ipportnethash ipprefixlen ipproto iprange ipreasmfails ipreasmoks ipreasmreqds ipreasmtimeout ipsec
ipset ipsets iptables ipv4 ipv4address ipv6 ipv6address ipv6gateway ipv6header ipvlan ipvs ipvsadm
ipvtap iseq iso isolated isolation istio jan jhash json jul jump jumps jun kbytes keep kernel
kernelmemory kernelmemorytcp kerneltz key kind kmp kube kubelet kubernetes l2miss l3mdev l3miss l3proto
l4proto label labels lan lan0 last latin1 learn learning leaving led left legacy len length lester level
lft liberal libvirt life lighttpd limit line link linkdown linkerd linkinfo linklocal linkmode links
linktype list listed listen listendrops listener listening listenoverflows lladdr local localdomain
localhost localnet localtz lock lockdroppedicmps locked log logconfig logout logpath logs lookup
loopback loose lossy low lower lowerlayerdown lowest lshift lsid lsmod lsns lxc lxd mab mac macaddress
macdecode macdst machash macipmap macproto macsrc macvlan macvtap maddr mailbr main mangle manifest
manip many map mar mark markmask mask maskedpaths masq masquerade masquerades master match max maxelem
maximize maximumretrycount maxseg may maybe mbytes mcast mcastflood mcastrouter mcasttounicast mdb
medium member members membership memory memoryreservation memoryswap memoryswappiness merge message met
meta metainfo meter method metric metrics mil min minimize miniupnpd minmtu minute missed missing mld
mld2 mobility mod mode mon mon0 monitor monthdays more mountlabel mounts mpls mptcpextaddaddr
mptcpextaddaddrdrop mptcpextaddaddrtx mptcpextaddaddrtxdrop mptcpextblackhole mptcpextdatacsumerr
mptcpextdsscorruptionfallback mptcpextdsscorruptionreset mptcpextdssfallback mptcpextdssnomatchtcp
mptcpextdssnotmatching mptcpextduplicatedata mptcpextechoadd mptcpextechoaddtx mptcpextechoaddtxdrop
mptcpextfallbackfailed mptcpextinfinitemaprx mptcpextinfinitemaptx mptcpextmismatchportackrx
mptcpextmismatchportsynrx mptcpextmpcapableackrx mptcpextmpcapabledatafallback
mptcpextmpcapableendpattempt mptcpextmpcapablefallbackack mptcpextmpcapablefallbacksynack
mptcpextmpcapablesynackrx mptcpextmpcapablesynrx mptcpextmpcapablesyntx mptcpextmpcapablesyntxdisabled
mptcpextmpcapablesyntxdrop mptcpextmpcurrestab mptcpextmpfailrx mptcpextmpfailtx
mptcpextmpfallbacktokeninit mptcpextmpfastcloserx mptcpextmpfastclosetx mptcpextmpjoinackhmacfailure
mptcpextmpjoinackrx mptcpextmpjoinnotokenfound mptcpextmpjoinportackrx mptcpextmpjoinportsynackrx
mptcpextmpjoinportsynrx mptcpextmpjoinrejected mptcpextmpjoinsynackbackuprx
mptcpextmpjoinsynackhmacfailure mptcpextmpjoinsynackrx mptcpextmpjoinsynbackuprx mptcpextmpjoinsynrx
mptcpextmpjoinsyntx mptcpextmpjoinsyntxbinderr mptcpextmpjoinsyntxconnecterr
mptcpextmpjoinsyntxcreatskerr mptcpextmppriorx mptcpextmppriotx mptcpextmprstrx mptcpextmprsttx
mptcpextmptcpretrans mptcpextnodssinwindow mptcpextofomerge mptcpextofoqueue mptcpextofoqueuetail
mptcpextportadd mptcpextrcvwndconflict mptcpextrcvwndconflictupdate mptcpextrcvwndshared mptcpextrmaddr
mptcpextrmaddrdrop mptcpextrmaddrtx mptcpextrmaddrtxdrop mptcpextrmsubflow mptcpextsimultconnectfallback
mptcpextsndwndshared mptcpextsubflowrecover mptcpextsubflowstale mptcpextwinprobe mss mtu multicast
multiport myhostname mymachines name named names nameserver namespace namespaces nanocpus nat natseqinfo
ndots needed negation neigh neighbor neighbour neighbours neighsuppress net netavark netbird netconf
netdev netfilter netgroup nethash netid netifacehash netinfo netlink netmap netmask netnethash netns
netnsid netporthash netportnethash netstat nettrace network networkid networkmode networks
networksettings neutron never new newline next nexthop nexthops nfacct nflog nfmask nfproto nfqueue nft
nftables nftrace nginx nhid nlgroup nmcli nobody nodad node nodemask nodeports nodes nohandler
nolearning nomatch non none nonxt noop nop nopmtudisc noports noqueue normal north not nothing notrack
noudpcsum nov nowildcard nsfs nsid nsswitch nstat nth nud null num number numbers numeric numgen
numtxqueues object obriport obrname obrport ocsum oct off office0 offload offset oif oifgroup oifkind
oifname oiftype old onbuild onlink only oomkilldisable oomkilled oomscoreadj openstdin openwrt operstate
option optional options opts org orig original oseq osf other otherhost out outbound outdatagrams
outdiscards outerrors outgoing outmsgs outnoroutes outofwindowicmps output outrequests outrsts outsegs
outside over overlimits overrun ovn ovr owner packet packets parameter parent pass passiveopens passwd
path paused pawsestab payload pcap pcapng peer peerindex peernetns peernetnsid pending per performance
perm permaddr permanent permitted persist persistent pervasive pfx physdev physin physout pid pidmode
pidslimit ping pinned pkt pkttype plain plant0 platform pmtu pmtudisc podman pol policy pong port
portbindings portmap portprocess ports position postgres postrouting ppid pppoe pps pps1 pps2 prec
precedence pref preferred prefix prefixlen prefixlength prefsrc prerouting prio priority privateport
privileged probability probes problem proc processed processes processlabel prohib prohibit prohibited
promiscuity prot proto protocol protocols protoinfo proxmox proxy proxyarp proxyarpwifi psh psid
publicport publishallports purpose pvid pvlan qdisc qdiscs qlen qthreshold quench querier query queue
queuelength queues quick quota random range rate rateest rateest1 raw rcheck rcvbuferrors rdest
reachable readonlypaths readonlyrootfs realm realms reap reasmfails reasmoks reasmreqds reasmtimeout
reassembly recent recv redirect redirects redis reduction ref refcnt refresh refuse refused reject
related release reliability remove rename renumbering reopen replace reply report reqid request requeues
required res reserved reset resilient resize resolv resolvconfpath resolve resolver response restart
restartcount restarting restartpolicy restore result retis retranssegs return reuse right rnd root
rotate rounded route routed router routes rpc rpfilter rsc rshift rsource rst rsyslogd rt0 rtclassid
rttl rule rules ruleset runc runner running runtime rwnd sack saddr sandboxid sandboxkey sat save schema
scope sctp sdif sdifname search sec secmark second secondary secondaryipaddresses seconds secpath
security securityopt seed seen seg segs segsleft selctx selector self send sent sep seq sequence server
service services set setlist severity shadow shadowed shift shim shmsize shopd shorewall short show
shutdown single sit size skb skbinfo skbmark skbprio skbqueue skgid skip skmark skuid slave sleep smbd
snaplen snat sndbuferrors snooping snpt socket sockets sockstat soft softnet solicit solicitation
sortlist source sourceip sourceport sourceports south span spi spnum sport sports spt squeeze src srcip
srckey srcmask srcport srh srv0 sshd sshguard stage stages stale start startedat startup stat state
statements states static statistic stats stats64 statsd status stdinonce sticky stolen stp str stray
stream streams strict string strip subcounters subnet subnets such summary sun suppl support suppress
svc svl sw0 symbol symhash syn sync syncack syncookiesfailed syncookiesrecv syncookiessent synproxy
sysctl sysctls systemd table tablefamily tables tag tagged tailscale taken target tarpit tcn tcp
tcpabortonclose tcpabortondata tcpabortontimeout tcpactiveopens tcpattemptfails tcpdump tcpestabresets
tcpextarpfilter tcpextbeyondwindow tcpextbusypollrxpackets tcpextdelayedacklocked tcpextdelayedacklost
tcpextdelayedacks tcpextembryonicrsts tcpextipreversepathfilter tcpextlistendrops tcpextlistenoverflows
tcpextlockdroppedicmps tcpextofopruned tcpextoutofwindowicmps tcpextpawsactive tcpextpawsestab
tcpextpawsoldack tcpextpawstimewait tcpextpfmemallocdrop tcpextprunecalled tcpextrcvpruned
tcpextsyncookiesfailed tcpextsyncookiesrecv tcpextsyncookiessent tcpexttcpabortfailed
tcpexttcpabortonclose tcpexttcpabortondata tcpexttcpabortonlinger tcpexttcpabortonmemory
tcpexttcpabortontimeout tcpexttcpackcompressed tcpexttcpackskippedchallenge tcpexttcpackskippedpaws
tcpexttcpackskippedseq tcpexttcpackskippedsynrecv tcpexttcpackskippedtimewait tcpexttcpaobad
tcpexttcpaodroppedicmps tcpexttcpaogood tcpexttcpaokeynotfound tcpexttcpaorequired tcpexttcpautocorking
tcpexttcpbacklogcoalesce tcpexttcpbacklogdrop tcpexttcpchallengeack tcpexttcpdeferacceptdrop
tcpexttcpdelivered tcpexttcpdeliveredce tcpexttcpdsackignoreddubious tcpexttcpdsackignorednoundo
tcpexttcpdsackignoredold tcpexttcpdsackoforecv tcpexttcpdsackofosent tcpexttcpdsackoldsent
tcpexttcpdsackrecv tcpexttcpdsackrecvsegs tcpexttcpdsackundo tcpexttcpduplicatedatarehash
tcpexttcpfastopenactive tcpexttcpfastopenactivefail tcpexttcpfastopenblackhole
tcpexttcpfastopencookiereqd tcpexttcpfastopenlistenoverflow tcpexttcpfastopenpassive
tcpexttcpfastopenpassivealtkey tcpexttcpfastopenpassivefail tcpexttcpfastretrans
tcpexttcpfromzerowindowadv tcpexttcpfullundo tcpexttcphpacks tcpexttcphphits tcpexttcphystartdelaycwnd
tcpexttcphystartdelaydetect tcpexttcphystarttraincwnd tcpexttcphystarttraindetect tcpexttcpkeepalive
tcpexttcplossfailures tcpexttcplossproberecovery tcpexttcplossprobes tcpexttcplossundo
tcpexttcplostretransmit tcpexttcpmemorypressures tcpexttcpmemorypressureschrono
tcpexttcpmigratereqfailure tcpexttcpmigratereqsuccess tcpexttcpminttldrop tcpexttcpmtupfail
tcpexttcpmtupsuccess tcpexttcpofodrop tcpexttcpofomerge tcpexttcpofoqueue tcpexttcporigdatasent
tcpexttcppartialundo tcpexttcpplbrehash tcpexttcppureacks tcpexttcprcvcoalesce tcpexttcprcvcollapsed
tcpexttcprcvqdrop tcpexttcprenofailures tcpexttcprenorecovery tcpexttcprenorecoveryfail
tcpexttcprenoreorder tcpexttcpreqqfulldocookies tcpexttcpreqqfulldrop tcpexttcpretransfail
tcpexttcpsackdiscard tcpexttcpsackfailures tcpexttcpsackmerged tcpexttcpsackrecovery
tcpexttcpsackrecoveryfail tcpexttcpsackreneging tcpexttcpsackreorder tcpexttcpsackshifted
tcpexttcpsackshiftfallback tcpexttcpslowstartretrans tcpexttcpspuriousrtos
tcpexttcpspuriousrtxhostqueues tcpexttcpsynchallenge tcpexttcpsynretrans tcpexttcptimeoutrehash
tcpexttcptimeouts tcpexttcptimewaitoverflow tcpexttcptozerowindowadv tcpexttcptsreorder
tcpexttcpwantzerowindowadv tcpexttcpwinprobe tcpexttcpwqueuetoobig tcpexttcpzerowindowdrop
tcpexttsecrrejected tcpexttw tcpexttwkilled tcpexttwrecycled tcpfastretrans tcpincsumerrors tcpinerrs
tcpinsegs tcpmss tcpoptstrip tcpoutrsts tcpoutsegs tcppassiveopens tcpretranssegs tcpslowstartretrans
tcptimeouts teamdctl tee temp template tentative test text threshold throughput throw thu time timeexcds
timeout timer timestamp timestamps timestart timestop tokens too tool topology tos total tp4 tproxy
trace traceroute transit translate translates transns transparent transport trap trie trigger true trust
tsn tsns tso ttl tty tue tunnel tuple txqlen txt type typeof types u32 udp udp6indatagrams udp6inerrors
udp6memerrors udp6noports udp6zerocsumrx udp6zerocsumtx udpcsum udpignoredmulti udpincsumerrors
udpindatagrams udpinerrors udplite udplite6noports udpliteignoredmulti udpliteincsumerrors
udpliteindatagrams udpliteinerrors udplitememerrors udplitenoports udpliteoutdatagrams
udplitercvbuferrors udplitesndbuferrors udpmemerrors udpnoports udpoutdatagrams udprcvbuferrors
udpsndbuferrors ufw uid uidrange ulimits ulog unclear unconn understood unicast unit unix unknown
unlisted unparsed unprotected unreach unreachable unreadable unreplied unset unspec unsupported until
untracked unused up0 update updated upto urg use used user usernsmode users utc utsmode vaddr val valid
validmark value vdir verbose verdict version veth via vid violation vlan vlanend vlans vlantunnel vmap
vmethod vni voice volumedriver volumes volumesfrom vport vportctl vproto vrf vti vxlan wait wan wan0
warn warning watcher weave web0 wed week weekdays weight why wifi wildcard window wireguard with word
workingdir wscale xfrm xmark xml xns xor xresolve xtables year yes zero zone
`;

export const KEPT_WORDS: ReadonlySet<string> = new Set(WORDS.trim().split(/\s+/));
