import { viewOf } from '../base/bytes.ts';
import type { Frame } from '../capture/frame.ts';
import { Cursor, draftOf, type Layer } from './cursor.ts';
import { parseDns } from './dns.ts';
import { arp, ethernet, firstLayer, llc, loopback, sll, sll2, vlan } from './link.ts';
import { ip, ipv4, ipv6 } from './network.ts';
import type { Packet } from './packet.ts';
import { etag, ipoib, macsec, nsh, pbb, pktap, vntag } from './shim.ts';
import { icmp, icmpv6, ports, tcp, udp } from './transport.ts';
import { ah, etherip, geneve, gre, gtp, ipip, mplsInIp, teredo, vxlan } from './tunnel.ts';
import { chdlc, frameRelay, ieee80211, mpls, nflog, ppp, pppoe, radiotap } from './wan.ts';

/** Every header that is read; a new one is a file in header/ and a line here. */
const LAYERS: Readonly<Record<Layer, (cursor: Cursor) => Layer | undefined>> = {
  ethernet,
  sll,
  sll2,
  null: loopback,
  ppp,
  chdlc,
  'frame-relay': frameRelay,
  ieee80211,
  radiotap,
  nflog,
  llc,
  vlan,
  pppoe,
  etag,
  vntag,
  macsec,
  pbb,
  nsh,
  pktap,
  ipoib,
  mpls,
  arp,
  ip,
  ipv4,
  ipv6,
  tcp,
  udp,
  ports,
  icmp,
  icmpv6,
  ipip,
  gre,
  etherip,
  ah,
  'mpls-in-ip': mplsInIp,
  vxlan,
  geneve,
  gtp,
  teredo,
  dns,
  'dns-tcp': dnsOverTcp,
};

/** What the frame holds, as far as it can be read. Takes any bytes and never throws; works through them once. */
export function dissect(frame: Frame): Packet {
  const draft = draftOf(
    frame.number,
    frame.seconds,
    frame.nanoseconds,
    frame.length,
    frame.captured,
    frame.linkType,
    frame.interfaceName,
  );
  draft.told = frame.told;
  const cursor =
    frame.view === undefined || frame.offset === undefined
      ? new Cursor(viewOf(frame.bytes), 0, draft)
      : new Cursor(frame.view, frame.offset, draft);
  // A text that shows no header of the packet at all leaves nothing to be read.
  let layer = frame.told && frame.captured === 0 ? undefined : firstLayer(frame.linkType);
  while (layer !== undefined && cursor.count()) layer = LAYERS[layer](cursor);
  return draft;
}

function dns(c: Cursor): undefined {
  c.draft.dns = parseDns(c.view, c.at, c.end);
}

/** RFC 1035 section 4.2.2: a length in front. Only a message that begins with the segment can be told. */
function dnsOverTcp(c: Cursor): undefined {
  const length = c.end - c.at < 2 ? 0 : c.view.getUint16(c.at);
  if (length < 12) return;
  const whole = c.at + 2 + length <= c.end;
  c.draft.dns = parseDns(c.view, c.at + 2, whole ? c.at + 2 + length : c.end);
}
