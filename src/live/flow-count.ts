/** The packets of one flow since it was first seen, from what each place counts of its conversations. */
import { parseTuple } from '../correlate/tuple-text.ts';
import { formatIp } from '../net/ip.ts';
import { hasPorts, PROTOCOL } from '../net/protocol.ts';
import type { AnalysisFlow } from '../report/analysis.ts';
import type { Face, Tally } from './tally.ts';

interface Known {
  readonly face: Face;
  serial: number;
  /** Packets there and back that were counted before, by place. */
  readonly counted: Map<number, [number, number]>;
}

/** Share of what the last second tells in the rate. */
const WEIGHT = 0.5;

export class FlowCount {
  forward = 0;
  reply = 0;
  /** Packets a second, both ways. */
  rate = 0;
  /** Epoch seconds of the last packet. */
  last = 0;
  readonly #faces: Known[] = [];
  /** A packet passes several places: the one that saw the most has them all. */
  readonly #places = new Map<number, [number, number]>();
  #since: number | undefined;
  #before = 0;

  /** `flow`: as an analysis has it now, with ends before and behind NAT. */
  know(flow: AnalysisFlow): void {
    for (const face of facesOf(flow)) {
      const key = keyOf(face);
      if (!this.#faces.some((known) => keyOf(known.face) === key))
        this.#faces.push({ face, serial: 0, counted: new Map() });
    }
    // Where packets are not counted one by one, an analysis has.
    this.forward = Math.max(this.forward, flow.packets.forward);
    this.reply = Math.max(this.reply, flow.packets.reply);
    this.last = Math.max(this.last, flow.end);
  }

  /** `now`: epoch seconds. */
  count(tally: Tally, now: number): void {
    for (const known of this.#faces) {
      const seen = tally.find(known.face);
      if (!seen) continue;
      if (seen.serial !== known.serial) known.counted.clear();
      known.serial = seen.serial;
      this.last = Math.max(this.last, seen.last);
      for (const { place, forward, reply } of seen.at) this.#add(known, place, forward, reply);
    }
    for (const [forward, reply] of this.#places.values()) {
      this.forward = Math.max(this.forward, forward);
      this.reply = Math.max(this.reply, reply);
    }
    this.#measure(now);
  }

  #add(known: Known, place: number, forward: number, reply: number): void {
    const [there, back] = known.counted.get(place) ?? [0, 0];
    const [sumThere, sumBack] = this.#places.get(place) ?? [0, 0];
    known.counted.set(place, [forward, reply]);
    this.#places.set(place, [sumThere + forward - there, sumBack + reply - back]);
  }

  /** Once a second. */
  #measure(now: number): void {
    const sum = this.forward + this.reply;
    if (this.#since === undefined) {
      this.#since = now;
      this.#before = sum;
      return;
    }
    const seconds = now - this.#since;
    if (seconds < 1) return;
    const rate = (sum - this.#before) / seconds;
    this.rate = this.rate * (1 - WEIGHT) + rate * WEIGHT;
    if (this.rate < 0.01) this.rate = 0;
    this.#since = now;
    this.#before = sum;
  }
}

/**
 * By what its sightings tell, before and behind NAT. Where no ports tell flows apart, behind NAT it may be another one: only
 * the ends that its client means.
 */
export function facesOf({ protocol, client: asked, server: meant, sightings }: AnalysisFlow): Face[] {
  const faces = new Map<string, Face>();
  const number = protocolNumber(protocol);
  for (const { tuple, direction } of sightings) {
    const ends = parseTuple(tuple);
    if (number === undefined || !ends) continue;
    const [client, server] = direction === 'forward' ? [ends.from, ends.to] : [ends.to, ends.from];
    const face = { protocol: number, client, server };
    faces.set(keyOf(face), face);
  }
  const all = [...faces.values()];
  if (number === undefined || hasPorts(number)) return all;
  const own = all.filter(
    ({ client, server }) =>
      formatIp(client.address) === asked.address && formatIp(server.address) === meant.address,
  );
  return own.length > 0 ? own : all;
}

function keyOf({ client, server }: Face): string {
  return `${client.address} ${client.port} ${server.address} ${server.port}`;
}

function protocolNumber(name: string): number | undefined {
  if (name === 'icmpv6') return PROTOCOL['ipv6-icmp'];
  const known = (PROTOCOL as Readonly<Record<string, number>>)[name];
  return known ?? (/^\d+$/.test(name) ? Number(name) : undefined);
}
