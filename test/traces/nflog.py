"""NFLOG records (tcpdump -i nflog:0 -w FILE) as the lines that nf_log_syslog writes of the same packets.

A namespace's TRACE lines don't reach the kernel log (net.netfilter.nf_log_all_netns is the machine's); nfnetlink_log
gives the same fields. Usage: nflog.py FILE "2 br0,3 p1"
"""
import struct,sys,socket
links=dict(l.split(' ',1) for l in sys.argv[2].split(','))
f=open(sys.argv[1],'rb').read(); off=24
def mac(b): return ':'.join('%02x'%c for c in b)
def proto4(p):
  out=''
  ihl=(p[0]&15)*4; ln=struct.unpack('!H',p[2:4])[0]; idn=struct.unpack('!H',p[4:6])[0]; fr=struct.unpack('!H',p[6:8])[0]
  out+='SRC=%s DST=%s LEN=%d TOS=0x%02X PREC=0x%02X TTL=%d ID=%d '%(socket.inet_ntoa(p[12:16]),socket.inet_ntoa(p[16:20]),ln,p[1]&0x1e,p[1]&0xe0,p[8],idn)
  if fr&0x4000: out+='DF '
  return out+up(p[9],p[ihl:],ln-ihl,4)
def up(pr,t,ln,fam):
  if pr==6:
    sp,dp,sq,ak,of,fl,win,_,urg=struct.unpack('!HHIIBBHHH',t[:20])
    o='PROTO=TCP SPT=%d DPT=%d SEQ=%d ACK=%d WINDOW=%d RES=0x%02x '%(sp,dp,sq,ak,win,(of&15)<<2)
    for n,b in (('CWR',128),('ECE',64),('URG',32),('ACK',16),('PSH',8),('RST',4),('SYN',2),('FIN',1)):
      if fl&b: o+=n+' '
    return o+'URGP=%d '%urg
  if pr==17: return 'PROTO=UDP SPT=%d DPT=%d LEN=%d '%struct.unpack('!HHH',t[:6])
  if pr in(1,58):
    o='PROTO=%s TYPE=%d CODE=%d '%('ICMP' if pr==1 else 'ICMPv6',t[0],t[1])
    if (pr==1 and t[0] in(0,8)) or (pr==58 and t[0] in (128,129)): o+='ID=%d SEQ=%d '%struct.unpack('!HH',t[4:8])
    if pr==1 and t[0] in (3,11): o+='['+proto4(t[8:])+'] '
    return o
  return 'PROTO=%d '%pr
def proto6(p):
  ln=struct.unpack('!H',p[4:6])[0]; v=struct.unpack('!I',p[:4])[0]
  full=lambda a: ':'.join('%04x'%x for x in struct.unpack('!8H',a))
  return 'SRC=%s DST=%s LEN=%d TC=%d HOPLIMIT=%d FLOWLBL=%d '%(full(p[8:24]),full(p[24:40]),ln+40,(v>>20)&255,p[7],v&0xfffff)+up(p[6],p[40:],ln,6)
while off<len(f):
  s,us,cl,wl=struct.unpack('<IIII',f[off:off+16]); d=f[off+16:off+16+cl]; off+=16+cl
  t={}; o=4
  while o+4<=len(d):
    l,k=struct.unpack('<HH',d[o:o+4]); 
    if l<4: break
    t[k]=d[o+4:o+l]; o+=(l+3)&~3
  nm=lambda k: links.get(str(struct.unpack('!I',t[k])[0]),'?') if k in t else ''
  pre=t.get(10,b'').rstrip(b'\0').decode()
  p=t[9]; fam=p[0]>>4
  o='%sIN=%s OUT=%s '%(pre,nm(4),nm(5))
  if 6 in t and nm(6)!=nm(4): o+='PHYSIN=%s '%nm(6)
  if 7 in t and nm(7)!=nm(5): o+='PHYSOUT=%s '%nm(7)
  if 4 in t: 
    h=t.get(16,b'')
    o+='MAC=%s '%mac(h)
  o+=proto4(p) if fam==4 else proto6(p)
  if 11 in t: o+='UID=%d GID=%d '%(struct.unpack('!I',t[11])[0],struct.unpack('!I',t.get(14,t[11]))[0])
  if 2 in t: o+='MARK=0x%x '%struct.unpack('!I',t[2])[0]
  print('[%12.6f] %s'%(s%100000+us/1e6,o))
