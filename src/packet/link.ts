/** Link layers: from LINKTYPE_* (https://www.tcpdump.org/linktypes.html) to the network layer. */
import { UNSAID } from '../capture/frame.ts';
import { Arp } from '../header/arp.ts';
import { ETHERNET_LENGTH, ETHERTYPE, Ethernet, isVlanType, LEAST_ETHERTYPE } from '../header/ethernet.ts';
import { NULL_LENGTH, nullEtherType } from '../header/null.ts';
import { SLL_LENGTH, SLL2_LENGTH, Sll, Sll2 } from '../header/sll.ts';
import { VLAN_LENGTH, Vlan } from '../header/vlan.ts';
import type { Cursor, Layer } from './cursor.ts';

/** The layer a frame of that link type begins with; undefined when nothing here can read it. */
export function firstLayer(linkType: number): Layer | undefined {
  switch (linkType) {
    case 1:
      return 'ethernet';
    case 12:
    case 14:
    case 101:
      return 'ip';
    case 228:
      return 'ipv4';
    case 229:
      return 'ipv6';
    case 0:
    case 108:
      return 'null';
    case 113:
      return 'sll';
    case 276:
      return 'sll2';
    case 9:
    case 50:
      return 'ppp';
    case 104:
      return 'chdlc';
    case 107:
      return 'frame-relay';
    case 105:
      return 'ieee80211';
    case 127:
      return 'radiotap';
    case 239:
      return 'nflog';
    case 242:
      return 'ipoib';
    case 258:
      return 'pktap';
    default:
      return undefined;
  }
}

/** What follows an EtherType. */
export function etherTypeLayer(type: number): Layer | undefined {
  switch (type) {
    case ETHERTYPE.ipv4:
      return 'ipv4';
    case ETHERTYPE.ipv6:
      return 'ipv6';
    case ETHERTYPE.arp:
    case ETHERTYPE.rarp:
      return 'arp';
    case ETHERTYPE.mpls:
    case ETHERTYPE.mplsMulticast:
      return 'mpls';
    case ETHERTYPE.pppoe:
      return 'pppoe';
    case ETHERTYPE.etag:
      return 'etag';
    case ETHERTYPE.vntag:
      return 'vntag';
    case ETHERTYPE.macsec:
      return 'macsec';
    case ETHERTYPE.pbb:
      return 'pbb';
    case ETHERTYPE.nsh:
      return 'nsh';
    case ETHERTYPE.ppp:
      return 'ppp';
    case ETHERTYPE.transparentEthernet:
      return 'ethernet';
    default:
      return isVlanType(type) ? 'vlan' : undefined;
  }
}

export function afterType(type: number): Layer | undefined {
  return type < LEAST_ETHERTYPE ? 'llc' : etherTypeLayer(type);
}

export function ethernet(c: Cursor): Layer | undefined {
  const header = new Ethernet(c.view, c.at);
  const fault = header.check(c.end);
  if (fault) return c.fail('ethernet', fault);
  const type = header.type;
  c.draft.ether = c.tells(UNSAID.link)
    ? { source: header.source, destination: header.destination, type }
    : { type };
  c.at += ETHERNET_LENGTH;
  return afterType(type);
}

export function vlan(c: Cursor): Layer | undefined {
  const header = new Vlan(c.view, c.at);
  const fault = header.check(c.end);
  if (fault) return c.fail('vlan', fault);
  c.draft.vlans.push(header.id);
  c.at += VLAN_LENGTH;
  return afterType(header.type);
}

export function sll(c: Cursor): Layer | undefined {
  const header = new Sll(c.view, c.at);
  const fault = header.check(c.end);
  if (fault) return c.fail('sll', fault);
  c.draft.sllType = header.packetType;
  return cooked(c, header, SLL_LENGTH);
}

export function sll2(c: Cursor): Layer | undefined {
  const header = new Sll2(c.view, c.at);
  const fault = header.check(c.end);
  if (fault) return c.fail('sll2', fault);
  c.draft.sllType = header.packetType;
  if (c.tells(UNSAID.link)) c.draft.interfaceIndex = header.interfaceIndex;
  return cooked(c, header, SLL2_LENGTH);
}

const ARPHRD_IPGRE = 778;
const ARPHRD_NETLINK = 824;
/** Values below 0x600 are the kernel's own (ETH_P_802_2 …). */
const ETH_P_802_2 = 4;

function cooked(c: Cursor, header: Sll | Sll2, length: number): Layer | undefined {
  const { source, protocol, hardwareType } = header;
  c.draft.ether = source === undefined ? { type: protocol } : { source, type: protocol };
  c.at += length;
  if (hardwareType === ARPHRD_NETLINK) return undefined;
  if (hardwareType === ARPHRD_IPGRE && protocol === 0) return undefined;
  if (protocol === ETH_P_802_2) return 'llc';
  return protocol < LEAST_ETHERTYPE ? undefined : etherTypeLayer(protocol);
}

export function loopback(c: Cursor): Layer | undefined {
  if (!c.has('null', 'BSD loopback header', NULL_LENGTH)) return undefined;
  const type = nullEtherType(c.view, c.at);
  c.at += NULL_LENGTH;
  return type === undefined ? undefined : etherTypeLayer(type);
}

/** IEEE 802.2 LLC with SNAP, RFC 1042. */
export function llc(c: Cursor): Layer | undefined {
  if (c.end - c.at < 8 || c.view.getUint16(c.at) !== 0xaaaa || c.view.getUint8(c.at + 2) !== 3)
    return undefined;
  const organisation = c.view.getUint16(c.at + 3) * 256 + c.view.getUint8(c.at + 5);
  if (organisation !== 0 && organisation !== 0xf8) return undefined;
  const type = c.view.getUint16(c.at + 6);
  c.at += 8;
  return etherTypeLayer(type);
}

export function arp(c: Cursor): Layer | undefined {
  const header = new Arp(c.view, c.at);
  const fault = header.check(c.end);
  if (fault) return c.fail('arp', fault);
  c.draft.arp = {
    operation: header.operation,
    senderMac: header.senderMac,
    senderIp: header.senderIp,
    targetMac: header.targetMac,
    targetIp: header.targetIp,
  };
  return undefined;
}
