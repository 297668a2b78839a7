/** The packets of one flow since it was first seen, from what each place counts of its conversations. */
import { parseTuple } from '../correlate/tuple-text.ts';
import { formatIp } from '../net/ip.ts';
import { hasPorts, PROTOCOL } from '../net/protocol.ts';
import type { AnalysisFlow } from '../report/analysis.ts';
import type { Face, Tally } from './tally.ts';

interface Known {
  readonly face: Face;
  serial: number;
  /** That were counted before. */
  counted: Counts;
}

/** A place, packets there and packets back, again and again: there are thousands of these, of a few places each. */
type Counts = number[];
const ENTRY = 3;

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
  readonly #places: Counts = [];
  #since: number | undefined;
  #before = 0;

  /** `flow`: as an analysis has it now, with ends before and behind NAT. */
  know(flow: AnalysisFlow): void {
    for (const face of facesOf(flow)) {
      const key = keyOf(face);
      if (!this.#faces.some((known) => keyOf(known.face) === key))
        this.#faces.push({ face, serial: 0, counted: [] });
    }
    // Where packets are not counted one by one, an analysis has.
    this.forward = Math.max(this.forward, flow.packets.forward);
    this.reply = Math.max(this.reply, flow.packets.reply);
    this.last = Math.max(this.last, flow.end);
  }

  /** Before and behind NAT it is kept or not. */
  unite(tally: Tally): void {
    if (this.#faces.length > 1) tally.unite(this.#faces.map(({ face }) => face));
  }

  /** `now`: epoch seconds. */
  count(tally: Tally, now: number): void {
    for (const known of this.#faces) {
      const seen = tally.find(known.face);
      if (!seen) continue;
      if (seen.serial !== known.serial) known.counted = [];
      known.serial = seen.serial;
      this.last = Math.max(this.last, seen.last);
      for (const { place, forward, reply } of seen.at) this.#add(known, place, forward, reply);
    }
    for (let at = 0; at < this.#places.length; at += ENTRY) {
      this.forward = Math.max(this.forward, this.#places[at + 1] as number);
      this.reply = Math.max(this.reply, this.#places[at + 2] as number);
    }
    this.#measure(now);
  }

  #add(known: Known, place: number, forward: number, reply: number): void {
    const { counted } = known;
    const before = entryOf(counted, place);
    const sums = this.#places;
    const sum = entryOf(sums, place);
    sums[sum + 1] = (sums[sum + 1] as number) + forward - (counted[before + 1] as number);
    sums[sum + 2] = (sums[sum + 2] as number) + reply - (counted[before + 2] as number);
    counted[before + 1] = forward;
    counted[before + 2] = reply;
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

/** Where the place's entry begins; it is made where there is none. */
function entryOf(counts: Counts, place: number): number {
  for (let at = 0; at < counts.length; at += ENTRY) if (counts[at] === place) return at;
  return counts.push(place, 0, 0) - ENTRY;
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
