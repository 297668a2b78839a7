/**
 * What flows do, packet by packet. A kind's `step` fills the packet and gives the microseconds until the flow's next one can be
 * sent; 0 is as soon as it is its turn. `packets`: how many it has, when that isn't chosen by the traffic as a whole.
 */
import { answer, query } from './dns.mjs';
import { address } from './flow.mjs';
import { ACK, FIN, NO_OPTIONS, POOL, PSH, RST, STAMP_OPTIONS, SYN, SYN_OPTIONS } from './packet.mjs';

const SECOND = 1e6;
const ECHO_REQUEST = [8, 128];
const ECHO_REPLY = [0, 129];

export const KINDS = {
  tcp: { serverPorts: [443, 80, 5432, 6379, 8080], step: tcpStep },
  tcp6: { family: 6, serverPorts: [443, 80], step: tcpStep },
  tcpVlan: { vlan: 100, serverPorts: [443, 8080], step: tcpStep },
  udp: { serverPorts: [3478, 9000, 27015], step: udpStep },
  dns: { packets: () => 2, serverPorts: [53], step: dnsStep },
  dns6: { family: 6, packets: () => 2, serverPorts: [53], step: dnsStep },
  echo: { packets: (random) => 2 * random.between(1, 5), step: echoStep },
  echo6: { family: 6, packets: (random) => 2 * random.between(1, 5), step: echoStep },
  arp: { family: 0, packets: () => 2, step: arpStep },
  fragments: { packets: () => 4, serverPorts: [2049], step: fragmentStep },
  /** Sent again after 1, 2 and 4 seconds, as tcp_syn_retries has it. */
  synUnanswered: { packets: () => 4, serverPorts: [25], step: synUnansweredStep },
  /** What `-j REJECT --reject-with tcp-reset` answers. */
  synRefused: { packets: () => 2, serverPorts: [6667], step: synRefusedStep },
  udpUnanswered: { packets: () => 3, serverPorts: [514], step: udpUnansweredStep },
  /** A handshake, then data that is sent again and again. */
  dataUnanswered: { packets: () => 8, serverPorts: [9443], step: dataUnansweredStep },
};

function tcpStep(packet, flow, traffic) {
  const { step, length } = flow;
  const left = length - step;
  if (step === 0) segment(packet, flow, true, SYN, 0);
  else if (step === 1) segment(packet, flow, false, SYN | ACK, 0);
  else if (step === 2) segment(packet, flow, true, ACK, 0);
  else if (left === 3) segment(packet, flow, true, FIN | ACK, 0);
  else if (left === 2) segment(packet, flow, false, FIN | ACK, 0);
  else if (left === 1) segment(packet, flow, true, ACK, 0);
  else segment(packet, flow, step % 2 === 1, PSH | ACK, traffic.payloadLength());
  return 0;
}

function synUnansweredStep(packet, flow) {
  segment(packet, flow, true, SYN, 0);
  flow.clientSequence--;
  return SECOND * 2 ** flow.step;
}

function synRefusedStep(packet, flow) {
  if (flow.step === 0) {
    segment(packet, flow, true, SYN, 0);
    return 0;
  }
  segment(packet, flow, false, RST | ACK, 0);
  packet.sequence = 0;
  packet.options = NO_OPTIONS;
  packet.window = 0;
  packet.id = 0;
  packet.ttl = 64;
  return 0;
}

function dataUnansweredStep(packet, flow, traffic) {
  if (flow.step < 3) return tcpStep(packet, flow, traffic);
  const before = flow.clientSequence;
  segment(packet, flow, true, PSH | ACK, 120);
  flow.clientSequence = before;
  return 0.2 * SECOND * 2 ** (flow.step - 3);
}

function segment(packet, flow, toServer, flags, payload) {
  address(packet, flow, toServer);
  packet.protocol = 6;
  packet.flags = flags;
  packet.window = flags & SYN ? 64240 : 502;
  packet.options = flags & SYN ? SYN_OPTIONS : STAMP_OPTIONS;
  packet.sequence = toServer ? flow.clientSequence : flow.serverSequence;
  packet.acknowledgement = flags & ACK ? (toServer ? flow.serverSequence : flow.clientSequence) : 0;
  const stamp = ((toServer ? flow.clientClock : flow.serverClock) + Math.floor(packet.time / 1000)) >>> 0;
  packet.stamp = stamp;
  packet.echoedStamp = toServer ? flow.clientHeard : flow.serverHeard;
  random(packet, flow, payload);
  const next = payload + (flags & (SYN | FIN) ? 1 : 0);
  if (toServer) {
    flow.clientSequence = (flow.clientSequence + next) >>> 0;
    flow.serverHeard = stamp;
  } else {
    // A SYN-ACK goes out before its socket counts identifications.
    if (flags & SYN) packet.id = 0;
    flow.serverSequence = (flow.serverSequence + next) >>> 0;
    flow.clientHeard = stamp;
  }
}

/** So many bytes from a place in the pool that is the flow's and the step's own. */
function random(packet, flow, length) {
  packet.payload = POOL;
  packet.payloadAt = ((flow.clientPort * 31 + flow.step * 977) & 0x7fff) << 1;
  if (packet.payloadAt + length > POOL.length) packet.payloadAt = 0;
  packet.payloadLength = length;
}

function datagram(packet, flow, toServer) {
  address(packet, flow, toServer);
  packet.protocol = 17;
}

function udpStep(packet, flow, traffic) {
  datagram(packet, flow, flow.step % 2 === 0);
  random(packet, flow, traffic.payloadLength());
  return 0;
}

function udpUnansweredStep(packet, flow) {
  datagram(packet, flow, true);
  random(packet, flow, 96);
  return 5 * SECOND;
}

function dnsStep(packet, flow) {
  datagram(packet, flow, flow.step === 0);
  packet.dontFragment = flow.step === 0;
  packet.payload = flow.step === 0 ? query(flow) : answer(flow);
  packet.payloadAt = 0;
  packet.payloadLength = packet.payload.length;
  return 0;
}

/** 3,000 bytes in three fragments, and a short answer. */
function fragmentStep(packet, flow) {
  datagram(packet, flow, flow.step < 3);
  random(packet, flow, 60);
  if (flow.step === 3) return 0;
  const at = 1480 * flow.step;
  // One datagram, one identification.
  packet.id = flow.serverId & 0xffff;
  packet.dontFragment = false;
  packet.fragmentOffset = at;
  packet.moreFragments = flow.step < 2;
  packet.datagramLength = flow.step === 0 ? 3000 : 0;
  packet.payloadLength = flow.step === 0 ? 1472 : Math.min(1480, 3008 - at);
  if (packet.payloadAt + packet.payloadLength > POOL.length) packet.payloadAt = 0;
  return 0;
}

function echoStep(packet, flow) {
  const toServer = flow.step % 2 === 0;
  address(packet, flow, toServer);
  packet.protocol = flow.family === 6 ? 58 : 1;
  packet.type = (toServer ? ECHO_REQUEST : ECHO_REPLY)[flow.family === 6 ? 1 : 0];
  random(packet, flow, 56);
  packet.sourcePort = flow.clientPort;
  packet.destinationPort = (flow.step >> 1) + 1;
  return toServer ? 0 : SECOND;
}

function arpStep(packet, flow) {
  address(packet, flow, flow.step === 0);
  packet.type = flow.step + 1;
  packet.payloadLength = 0;
  return 0;
}
