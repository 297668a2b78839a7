export const NO_OPTIONS = 0;
export const SYN_OPTIONS = 1;
export const STAMP_OPTIONS = 2;

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;

/** Bytes that payloads are cut from: printable, the same on every run. */
export const POOL = new Uint8Array(1 << 16);
for (let at = 0, state = 1; at < POOL.length; at++) {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  POOL[at] = 32 + ((state >>> 16) % 95);
}

/** Sums of the pool's 16-bit words before each word: a payload's checksum without reading it. */
const SUMS = new Float64Array(POOL.length / 2 + 1);
for (let word = 0; word < POOL.length / 2; word++) {
  SUMS[word + 1] = SUMS[word] + (POOL[2 * word] << 8) + POOL[2 * word + 1];
}

/** The packet that is on its way through the generators: one object, filled anew for every packet. */
export class Packet {
  /** Microseconds since the epoch. */
  time = 0;
  /** 4, 6, or 0 for ARP. */
  family = 4;
  toServer = true;
  /** Index of the client and of the server, of which MAC addresses are made. */
  client = 0;
  server = 0;
  /** IPv4 addresses; the last 32 bits of IPv6 addresses. */
  source = 0;
  destination = 0;
  protocol = 6;
  sourcePort = 0;
  destinationPort = 0;
  ttl = 64;
  id = 0;
  dontFragment = true;
  /** In bytes, a multiple of eight. */
  fragmentOffset = 0;
  moreFragments = false;
  /** 0 for none. */
  vlan = 0;
  sequence = 0;
  acknowledgement = 0;
  flags = 0;
  window = 502;
  /** TCP options: none, those of a SYN, time stamps alone. */
  options = NO_OPTIONS;
  stamp = 0;
  echoedStamp = 0;
  /** Bytes behind the transport header, out of `payload` at an even `payloadAt`. */
  payload = POOL;
  payloadAt = 0;
  payloadLength = 0;
  /** Of the whole UDP datagram when this is its first fragment, else 0. */
  datagramLength = 0;
  /** ICMP type (identifier and sequence number stand where ports do), or the ARP operation. */
  type = 0;
}

/** The sum of a payload's 16-bit words, an odd last byte taken as the high one; not folded. */
export function payloadSum({ payload, payloadAt, payloadLength }) {
  const even = payloadLength & ~1;
  const rest = payloadLength & 1 ? payload[payloadAt + even] << 8 : 0;
  if (payload === POOL) return SUMS[(payloadAt + even) >> 1] - SUMS[payloadAt >> 1] + rest;
  let sum = rest;
  for (let at = payloadAt; at < payloadAt + even; at += 2) sum += (payload[at] << 8) + payload[at + 1];
  return sum;
}
