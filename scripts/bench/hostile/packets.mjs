/** Captures that somebody made to be expensive: each packet is an Ethernet frame in a classic pcap. */
import { PcapWriter } from './pcap-writer.mjs';

const BEGIN = 1_700_000_000;
const SERVER = 0x0a090001;

/** UDP datagrams of as many conversations, whose ends all have one hash as `hashOf` of record-index.ts had it without a seed. */
export function collidingFlows(path, count) {
  const file = new PcapWriter(path);
  for (let index = 0; index < count; index++) {
    const low = 0x01000000 + index * 7;
    const ports = portsFor(low, SERVER, 17, 0x12345678);
    file.add(BEGIN + index / 1000, udp(low, SERVER, ports >>> 16, ports & 0xffff));
  }
  file.close();
}

/** Records without bytes, each of another time than the one before it. */
export function emptyRecords(path, count) {
  const file = new PcapWriter(path);
  for (let index = 0; index < count; index++) file.add(BEGIN + (index % 2) * 9e6, new Uint8Array(0));
  file.close();
}

/** Every fifth record says a length that can't be, and those behind it are of another time than those before. */
export function brokenRecords(path, count) {
  const file = new PcapWriter(path);
  for (let index = 0; index < count; index++) {
    if (index % 5 === 0) file.add(BEGIN, new Uint8Array(0), 0xffffffff);
    else file.add((BEGIN + Math.floor(index / 5) * 200_000) % 2 ** 31, new Uint8Array(60));
  }
  file.close();
}

/** What has to stand in the ports for that hash: every step of it can be undone. */
export function portsFor(low, high, kind, hash) {
  const second = undoShift(Math.imul(undoShift(hash, 16), inverse(0xc2b2ae35)) ^ high ^ kind, 13);
  const first = Math.imul(low ^ (high >>> 16) ^ (high << 16), 0x9e3779b1);
  return (Math.imul(second, inverse(0x85ebca6b)) ^ first ^ (first >>> 15)) >>> 0;
}

/** x of x ^ (x >>> shift). */
function undoShift(value, shift) {
  let result = value;
  for (let done = shift; done < 32; done += shift) result = value ^ (result >>> shift);
  return result;
}

/** Of an odd number, modulo 2^32. */
function inverse(odd) {
  let result = odd;
  for (let round = 0; round < 5; round++) result = Math.imul(result, 2 - Math.imul(odd, result));
  return result;
}

/** IPv4 senders whose numbers share the low bits of the hash that V8's maps have for small integers. */
export function collidingAddresses(path, count) {
  const file = new PcapWriter(path);
  const bits = Math.ceil(Math.log2(count));
  let address = 0x01000000;
  for (let index = 0; index < count; address++) {
    if ((integerHash(address) & ((1 << bits) - 1)) !== 0) continue;
    file.add(BEGIN + index / 1000, udp(address, SERVER, 1024 + (index % 60000), 5000));
    index++;
  }
  file.close();
}

/** ComputeUnseededHash() of V8. */
function integerHash(value) {
  let hash = value >>> 0;
  hash = (~hash + (hash << 15)) >>> 0;
  hash = (hash ^ (hash >>> 12)) >>> 0;
  hash = (hash + (hash << 2)) >>> 0;
  hash = (hash ^ (hash >>> 4)) >>> 0;
  hash = Math.imul(hash, 2057) >>> 0;
  hash = (hash ^ (hash >>> 16)) >>> 0;
  return hash & 0x3fffffff;
}

/** IPv6 senders of as many networks, each with the interface identifier 1. */
export function sameIdentifiers(path, count) {
  const file = new PcapWriter(path);
  for (let index = 0; index < count; index++)
    file.add(BEGIN + index / 1000, udp6(index, 1024 + (index % 60000)));
  file.close();
}

/** SYNs of as many connections, of which each repeats what the one before had sent: whoever takes that for one packet before and after NAT has one flow. */
export function chainedFlows(path, count) {
  const file = new PcapWriter(path);
  const client = (index) => 0x0b000000 + index;
  for (let index = 0; index < count; index++)
    file.add(BEGIN + index / 1e6, tcp(client(index), SERVER, 4000, 80, index, 2));
  for (let index = 1; index < count; index++)
    file.add(BEGIN + 1 + index / 1e6, tcp(client(index - 1), SERVER, 4000, 80, index, 2));
  file.close();
}

/** Pieces of one datagram, of which the last never comes; `step`: how far each is from the one before, in units of eight bytes. */
export function fragments(path, count, { step, datagrams = 1 }) {
  const file = new PcapWriter(path);
  for (let index = 0; index < count; index++) {
    const offset = (index * step) % 8000;
    file.add(BEGIN + index / 1e5, fragment(index % datagrams, offset));
  }
  file.close();
}

/** The same packet over and over. */
export function samePacket(path, count) {
  const file = new PcapWriter(path);
  for (let index = 0; index < count; index++)
    file.add(BEGIN + index / 1e5, udp(0x0a090002, SERVER, 4000, 53));
  file.close();
}

/** SYNs of one connection, each with another sequence number. */
export function synStorm(path, count) {
  const file = new PcapWriter(path);
  for (let index = 0; index < count; index++)
    file.add(BEGIN + index / 1e4, tcp(0x0a090002, SERVER, 4000, 80, index * 3, 2));
  file.close();
}

/** As many connections to a few services far away, each of which begins with two SYNs and gets no answer. */
export function unanswered(path, count) {
  const file = new PcapWriter(path);
  for (let index = 0; index < count; index++) {
    const from = 0x0a090003 + (index % 200);
    const port = 1024 + (index % 60_000);
    for (const second of [0, 1])
      file.add(BEGIN + index / 100 + second, tcp(from, 0xc6336400 + (index % 30), port, 443, index, 2));
  }
  file.close();
}

/** One connection whose segments all overlap. */
export function overlappingSegments(path, count) {
  const file = new PcapWriter(path);
  file.add(BEGIN, tcp(0x0a090002, SERVER, 4000, 80, 0, 2));
  for (let index = 1; index < count; index++)
    file.add(BEGIN + index / 1e4, tcp(0x0a090002, SERVER, 4000, 80, (index * 7919) % 5000, 0x18, 32));
  file.close();
}

/** Requests who has one address, of as many stations. */
export function arpStorm(path, count) {
  const file = new PcapWriter(path);
  for (let index = 0; index < count; index++) {
    const frame = ethernet(0x0806, 28, index);
    const view = new DataView(frame.buffer);
    view.setUint16(14, 1);
    view.setUint16(16, 0x0800);
    view.setUint16(18, 0x0604);
    view.setUint16(20, 1);
    frame.set(frame.subarray(6, 12), 22);
    view.setUint32(28, 0x0a090000 + (index % 65536));
    view.setUint32(38, SERVER);
    file.add(BEGIN + index / 1e4, frame);
  }
  file.close();
}

/** ICMP errors about packets that nobody sent. */
export function icmpErrors(path, count) {
  const file = new PcapWriter(path);
  for (let index = 0; index < count; index++) {
    const inner = udp(0x0a090002, 0x0b000000 + index, 1024 + (index % 50000), 53).subarray(14);
    const frame = ethernet(0x0800, 28 + inner.length);
    ipv4(frame, 0x0a090001, 0x0a090002, 1, 8 + inner.length, index);
    frame[34] = 3;
    frame[35] = 1;
    frame.set(inner, 42);
    file.add(BEGIN + index / 1e4, frame);
  }
  file.close();
}

function ethernet(type, length, sender = 1) {
  const frame = new Uint8Array(14 + length);
  const view = new DataView(frame.buffer);
  view.setUint16(0, 0x0242);
  view.setUint32(2, 0x0a090001);
  view.setUint16(6, 0x0242);
  view.setUint32(8, sender);
  view.setUint16(12, type);
  return frame;
}

function ipv4(frame, source, destination, protocol, length, id, flags = 0) {
  const view = new DataView(frame.buffer);
  frame[14] = 0x45;
  view.setUint16(16, 20 + length);
  view.setUint16(18, id);
  view.setUint16(20, flags);
  frame[22] = 64;
  frame[23] = protocol;
  view.setUint32(26, source);
  view.setUint32(30, destination);
  let sum = 0;
  for (let at = 14; at < 34; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(24, ~sum);
}

function udp(source, destination, from, to, id = from) {
  const frame = ethernet(0x0800, 20 + 8 + 4);
  ipv4(frame, source, destination, 17, 12, id);
  const view = new DataView(frame.buffer);
  view.setUint16(34, from);
  view.setUint16(36, to);
  view.setUint16(38, 12);
  return frame;
}

function tcp(source, destination, from, to, sequence, flags, payload = 0) {
  const frame = ethernet(0x0800, 20 + 20 + payload);
  ipv4(frame, source, destination, 6, 20 + payload, sequence);
  const view = new DataView(frame.buffer);
  view.setUint16(34, from);
  view.setUint16(36, to);
  view.setUint32(38, sequence);
  view.setUint32(42, (flags & 0x10) === 0 ? 0 : 1);
  frame[46] = 0x50;
  frame[47] = flags;
  view.setUint16(48, 65535);
  return frame;
}

function udp6(network, from) {
  const frame = ethernet(0x86dd, 40 + 12);
  const view = new DataView(frame.buffer);
  frame[14] = 0x60;
  view.setUint16(18, 12);
  frame[20] = 17;
  frame[21] = 64;
  view.setUint32(22, 0x20010db8);
  view.setUint32(26, network);
  frame[37] = 1;
  view.setUint32(38, 0x20010db8);
  view.setUint32(42, 0xffffffff);
  frame[53] = 2;
  view.setUint16(54, from);
  view.setUint16(56, 5000);
  view.setUint16(58, 12);
  return frame;
}

/** Sixteen bytes of it. */
function fragment(id, offset) {
  const frame = ethernet(0x0800, 20 + 16);
  ipv4(frame, 0x0a090002, SERVER, 17, 16, id, 0x2000 | offset);
  return frame;
}
