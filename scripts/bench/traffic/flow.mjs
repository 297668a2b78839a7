/** One flow under way: who talks to whom, and what its next packet has to continue. */
export class Flow {
  kind = '';
  /** Packets in all, and how many of them are out. */
  length = 0;
  step = 0;
  family = 4;
  vlan = 0;
  client = 0;
  server = 0;
  clientAddress = 0;
  serverAddress = 0;
  clientPort = 0;
  serverPort = 0;
  serverTtl = 64;
  clientSequence = 0;
  serverSequence = 0;
  clientId = 0;
  serverId = 0;
  /** Offset of each side's TCP time stamps, and the last that it heard of the other. */
  clientClock = 0;
  serverClock = 0;
  clientHeard = 0;
  serverHeard = 0;
}

/** Fills `packet` with what every packet of the flow in this direction has. */
export function address(packet, flow, toServer) {
  packet.family = flow.family;
  packet.vlan = flow.vlan;
  packet.toServer = toServer;
  packet.client = flow.client;
  packet.server = flow.server;
  packet.source = toServer ? flow.clientAddress : flow.serverAddress;
  packet.destination = toServer ? flow.serverAddress : flow.clientAddress;
  packet.sourcePort = toServer ? flow.clientPort : flow.serverPort;
  packet.destinationPort = toServer ? flow.serverPort : flow.clientPort;
  packet.ttl = toServer ? 64 : flow.serverTtl;
  packet.id = toServer ? flow.clientId++ & 0xffff : flow.serverId++ & 0xffff;
  packet.dontFragment = true;
  packet.moreFragments = false;
  packet.fragmentOffset = 0;
  packet.datagramLength = 0;
}
