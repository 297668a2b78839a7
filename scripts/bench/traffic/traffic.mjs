/** Many flows at once, in order of time: which flow sends next is drawn by lot among those whose turn it may be. */
import { Flow } from './flow.mjs';
import { KINDS } from './kinds.mjs';
import { Packet } from './packet.mjs';
import { Random } from './random.mjs';
import { Sleepers } from './sleepers.mjs';

/** 2026-01-15 09:00:00 UTC, in microseconds. */
const START = Date.UTC(2026, 0, 15, 9) * 1000;
/** Shortest TCP flow: handshake, one packet of data, both FINs and the last acknowledgement. */
const SHORTEST = 7;
/** ip_local_port_range as it is by default. */
const FIRST_PORT = 32768;
const PORTS = 28232;

/**
 * @typedef {object} TrafficOptions
 * @property {number} seed
 * @property {number} packets exactly as many are made, in about `flows` flows
 * @property {number} flows
 * @property {readonly (readonly [kind: string, share: number])[]} kinds shares add up to 1; the first gets what the others leave
 * @property {number} concurrent flows that are under way at once
 * @property {readonly [least: number, most: number]} gap microseconds between two packets
 * @property {readonly [least: number, most: number]} payload bytes of data
 * @property {(index: number) => number} client address of a client
 * @property {(index: number) => number} server
 * @property {number} [gateway] whom ARP asks for
 * @property {number} clients
 * @property {number} servers
 * @property {number} [hops] routers to the servers: what is missing of their TTL
 */
export class Traffic {
  /** @param {TrafficOptions} options */
  constructor(options) {
    this.options = options;
    this.random = new Random(options.seed);
    this.packet = new Packet();
    this.packet.time = START;
    this.left = options.packets;
    this.unstarted = options.flows;
    /** Flows that may send, in no order. */
    this.ready = [];
    this.sleepers = new Sleepers(START);
    this.free = [];
    this.started = 0;
  }

  /** Calls with the one packet for each of them. */
  run(emit) {
    const { options, packet, random, ready, sleepers } = this;
    const [least, most] = options.gap;
    let made = 0;
    while (made < options.packets) {
      packet.time += random.between(least, most);
      let flow = sleepers.due(packet.time);
      if (flow === undefined) {
        // The first seconds fill up slowly: a window of flows that all begin at once is no traffic.
        const room = Math.min(options.concurrent, 64 + (made >> 2));
        if (this.unstarted > 0 && this.left > 0 && ready.length < room && random.below(4) === 0) {
          flow = this.start();
        } else if (ready.length > 0) {
          flow = this.draw();
        } else if (this.unstarted > 0 && this.left > 0) {
          flow = this.start();
        } else {
          flow = sleepers.first();
          if (flow === undefined) return;
          packet.time = Math.max(packet.time, sleepers.now);
        }
      }
      const pause = KINDS[flow.kind].step(packet, flow, this);
      made++;
      flow.step++;
      emit(packet);
      if (flow.step >= flow.length) this.free.push(flow);
      else if (pause > 0) sleepers.add(flow, packet.time + pause);
      else ready.push(flow);
    }
  }

  payloadLength() {
    const [least, most] = this.options.payload;
    return this.random.between(least, most);
  }

  draw() {
    const { ready } = this;
    const index = this.random.below(ready.length);
    const flow = ready[index];
    const last = ready.pop();
    if (index < ready.length) ready[index] = last;
    return flow;
  }

  start() {
    const { options, random } = this;
    const flow = this.free.pop() ?? new Flow();
    const name = this.kind();
    const kind = KINDS[name];
    flow.kind = name;
    flow.step = 0;
    flow.length = Math.min(this.left, kind.packets?.(random) ?? this.flexibleLength());
    this.left -= flow.length;
    this.unstarted--;
    flow.family = kind.family ?? 4;
    flow.vlan = kind.vlan ?? 0;
    // Clients take turns and count their ports; a port that comes again goes to another server, so that no tuple comes twice.
    const turn = this.started++;
    const count = Math.floor(turn / options.clients);
    flow.client = turn % options.clients;
    flow.clientPort = FIRST_PORT + (count % PORTS);
    flow.server = (flow.client * 13 + flow.clientPort * 7 + Math.floor(count / PORTS)) % options.servers;
    flow.clientAddress = options.client(flow.client);
    flow.serverAddress = kind.family === 0 ? options.gateway : options.server(flow.server);
    flow.serverPort = kind.serverPorts ? kind.serverPorts[random.below(kind.serverPorts.length)] : 0;
    flow.serverTtl = 64 - (options.hops ?? 4 + (flow.server % 12));
    flow.clientSequence = random.next();
    flow.serverSequence = random.next();
    flow.clientId = random.next() & 0xffff;
    flow.serverId = random.next() & 0xffff;
    flow.clientClock = random.next();
    flow.serverClock = random.next();
    flow.clientHeard = 0;
    flow.serverHeard = 0;
    return flow;
  }

  /** The last flow has what is left, so it must be of the first kind. */
  kind() {
    const [[first], ...others] = this.options.kinds;
    if (this.unstarted <= 1) return first;
    let lot = this.random.next() / 0x100000000;
    for (const [name, share] of others) {
      if (lot < share) return name;
      lot -= share;
    }
    return first;
  }

  /** Around what each flow must have, so that all flows together have all packets. */
  flexibleLength() {
    if (this.unstarted <= 1) return this.left;
    let fixed = 0;
    let flexible = 1;
    for (const [name, share] of this.options.kinds.slice(1)) {
      const kind = KINDS[name];
      if (kind.packets === undefined) continue;
      fixed += share * (name.startsWith('echo') ? 6 : kind.packets(this.random));
      flexible -= share;
    }
    const mean = (this.left / this.unstarted - fixed) / flexible;
    return Math.max(SHORTEST, Math.round(mean * (0.4 + (1.2 * this.random.next()) / 0x100000000)));
  }
}
