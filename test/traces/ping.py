import socket,sys,struct,os
a=sys.argv[1]; six=':' in a
s=socket.socket(socket.AF_INET6 if six else socket.AF_INET,socket.SOCK_RAW,socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
def ck(b):
  t=sum(struct.unpack('!%dH'%(len(b)//2),b)); t=(t>>16)+(t&0xffff); t+=t>>16; return ~t&0xffff
ident=int(sys.argv[2]) if len(sys.argv)>2 else os.getpid()&0xffff
b=struct.pack('!BBHHH',128 if six else 8,0,0,ident,1)+b'abcdefghijklmnop'
if not six: b=b[:2]+struct.pack('!H',ck(b))+b[4:]
s.sendto(b,(a,0)); s.settimeout(0.5)
try:
  while 1:
    d,_=s.recvfrom(999)
    if (d[0] if six else d[20]) in (0,129,3): break
except Exception as e: print(a,e)
