/** Writes a Packet as an Ethernet frame, with all its checksums. */
import { payloadSum, STAMP_OPTIONS, SYN_OPTIONS } from './packet.mjs';

const TCP = 6;
const UDP = 17;
/** 2001:db8::/32, of which the last 32 bits are the packet's. */
const NETWORK6 = 0x20010db8;

/**
 * @param {DataView} view
 * @param {import('./packet.mjs').Packet} packet
 * @param {{ clientMac: number, serverMac: number }} link `clientMac`: the last 32 bits of the MAC address nearest to the client
 * @returns {number} where the frame ends
 */
export function writeFrame(view, start, packet, link) {
  const { family, toServer } = packet;
  let at = writeMac(
    view,
    start,
    family === 0 && toServer ? undefined : toServer ? link.serverMac : link.clientMac,
  );
  at = writeMac(view, at, toServer ? link.clientMac : link.serverMac);
  if (packet.vlan > 0) {
    view.setUint32(at, (0x8100 << 16) | packet.vlan);
    at += 4;
  }
  view.setUint16(at, family === 4 ? 0x0800 : family === 6 ? 0x86dd : 0x0806);
  at += 2;
  if (family === 0) return writeArp(view, at, packet, link);
  const transport = at + (family === 4 ? 20 : 40);
  const end = writeTransport(view, transport, packet);
  if (family === 4) writeIpv4(view, at, end - at, packet);
  else writeIpv6(view, at, end - transport, packet);
  return end;
}

function writeMac(view, at, low) {
  view.setUint16(at, low === undefined ? 0xffff : 0x0242);
  view.setUint32(at + 2, low ?? 0xffffffff);
  return at + 6;
}

function writeArp(view, at, { source, destination, type, toServer }, { clientMac, serverMac }) {
  view.setUint32(at, 0x00010800);
  view.setUint32(at + 4, 0x06040000 | type);
  writeMac(view, at + 8, toServer ? clientMac : serverMac);
  view.setUint32(at + 14, source);
  if (toServer) {
    view.setUint16(at + 18, 0);
    view.setUint32(at + 20, 0);
  } else {
    writeMac(view, at + 18, clientMac);
  }
  view.setUint32(at + 24, destination);
  return at + 28;
}

function writeIpv4(view, at, length, packet) {
  const fragment =
    (packet.dontFragment ? 0x4000 : 0) | (packet.moreFragments ? 0x2000 : 0) | (packet.fragmentOffset >> 3);
  view.setUint32(at, 0x45000000 | length);
  view.setUint32(at + 4, (packet.id << 16) | fragment);
  view.setUint32(at + 8, (packet.ttl << 24) | (packet.protocol << 16));
  view.setUint32(at + 12, packet.source);
  view.setUint32(at + 16, packet.destination);
  view.setUint16(at + 10, checksum(wordSum(view, at, at + 20)));
}

function writeIpv6(view, at, length, packet) {
  view.setUint32(at, 0x60000000);
  view.setUint16(at + 4, length);
  view.setUint16(at + 6, (packet.protocol << 8) | packet.ttl);
  writeAddress6(view, at + 8, packet.source);
  writeAddress6(view, at + 24, packet.destination);
}

function writeAddress6(view, at, low) {
  view.setUint32(at, NETWORK6);
  view.setUint32(at + 4, 0);
  view.setUint32(at + 8, 0);
  view.setUint32(at + 12, low);
}

/** @returns {number} where the payload ends */
function writeTransport(view, at, packet) {
  // A later fragment has its datagram's payload alone.
  if (packet.fragmentOffset > 0) return writePayload(view, at, packet);
  const { protocol } = packet;
  if (protocol === TCP) return writeTcp(view, at, packet);
  if (protocol === UDP) return writeUdp(view, at, packet);
  return writeEcho(view, at, packet);
}

function writeTcp(view, at, packet) {
  view.setUint32(at, (packet.sourcePort << 16) | packet.destinationPort);
  view.setUint32(at + 4, packet.sequence);
  view.setUint32(at + 8, packet.acknowledgement);
  view.setUint32(at + 16, 0);
  let header = 20;
  if (packet.options === SYN_OPTIONS) {
    // MSS 1460, SACK permitted, time stamps, window scale 7
    view.setUint32(at + 20, 0x020405b4);
    view.setUint32(at + 24, 0x0402080a);
    view.setUint32(at + 28, packet.stamp);
    view.setUint32(at + 32, packet.echoedStamp);
    view.setUint32(at + 36, 0x01030307);
    header = 40;
  } else if (packet.options === STAMP_OPTIONS) {
    view.setUint32(at + 20, 0x0101080a);
    view.setUint32(at + 24, packet.stamp);
    view.setUint32(at + 28, packet.echoedStamp);
    header = 32;
  }
  view.setUint32(at + 12, (header << 26) | (packet.flags << 16) | packet.window);
  const end = writePayload(view, at + header, packet);
  const sum = pseudoSum(packet, end - at) + wordSum(view, at, at + header) + payloadSum(packet);
  view.setUint16(at + 16, checksum(sum));
  return end;
}

function writeUdp(view, at, packet) {
  const end = writePayload(view, at + 8, packet);
  // The header of a first fragment speaks of the whole datagram, whose checksum its sender was free to leave out.
  const length = packet.datagramLength > 0 ? packet.datagramLength + 8 : end - at;
  view.setUint32(at, (packet.sourcePort << 16) | packet.destinationPort);
  view.setUint32(at + 4, length << 16);
  if (packet.moreFragments) return end;
  const sum = pseudoSum(packet, length) + wordSum(view, at, at + 8) + payloadSum(packet);
  view.setUint16(at + 6, checksum(sum) || 0xffff);
  return end;
}

function writeEcho(view, at, packet) {
  view.setUint32(at, packet.type << 24);
  view.setUint32(at + 4, (packet.sourcePort << 16) | packet.destinationPort);
  const end = writePayload(view, at + 8, packet);
  const pseudo = packet.family === 6 ? pseudoSum(packet, end - at) : 0;
  view.setUint16(at + 2, checksum(pseudo + wordSum(view, at, at + 8) + payloadSum(packet)));
  return end;
}

function writePayload(view, at, { payload, payloadAt, payloadLength }) {
  for (let index = 0; index < payloadLength; index++) view.setUint8(at + index, payload[payloadAt + index]);
  return at + payloadLength;
}

function pseudoSum({ family, source, destination, protocol }, length) {
  const addresses = (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff);
  const network = family === 6 ? 2 * ((NETWORK6 >>> 16) + (NETWORK6 & 0xffff)) : 0;
  return addresses + network + protocol + length;
}

function wordSum(view, start, end) {
  let sum = 0;
  for (let at = start; at < end; at += 2) sum += view.getUint16(at);
  return sum;
}

/** The Internet checksum (RFC 1071) of a sum of 16-bit words below 2^32. */
function checksum(sum) {
  let folded = (sum & 0xffff) + (sum >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}
