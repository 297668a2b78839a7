/** The book of flows counts packets as they come as an analysis of all of them does. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanCapture } from '../../src/capture/scan.ts';
import { analyze } from '../../src/diagnose/analyze.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { ConversationCounts } from '../../src/live/conversation-counts.ts';
import { FlowBook } from '../../src/live/flow-book.ts';
import { FlowCount } from '../../src/live/flow-count.ts';
import { Tally } from '../../src/live/tally.ts';
import type { Analysis, AnalysisFlow } from '../../src/report/analysis.ts';
import { assemble } from '../../src/report/assemble.ts';
import { capture, type Sent } from '../support/frames.ts';

const bundles = readdirSync('captures', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('/bundle'))
  .map((path) => join('captures', path))
  .toSorted();

/** Every fourth: all kinds of NAT, bridges, tunnels and fragments are among them. */
const some = bundles.filter((_, index) => index % 4 === 0);

const keyOf = ({ protocol, client, server }: AnalysisFlow) =>
  [protocol, client.address, client.port, server.address, server.port].join(' ');

const tuplesOf = ({ sightings }: AnalysisFlow) => new Set(sightings.map(({ tuple }) => tuple));

describe('packets counted as they come', () => {
  it.each(some)('%s: are those of an analysis', async (bundle) => {
    const inputs = await resolveInputs([bundle]);
    const analysis = assemble(await analyze(inputs, { threads: 1 }));
    const tally = new Tally();
    for (const [point, input] of inputs.captures.entries())
      await scanCapture(input.open(), (frame) => tally.add(point, frame));
    const counted = analysis.flows.filter(
      (flow) =>
        flow.sightings.every(({ capture: place }) => !place.endsWith('(trace)')) &&
        // Pings between the same hosts, also behind NAT, are counted together.
        analysis.flows.filter((other) => other.sightings.some(({ tuple }) => tuplesOf(flow).has(tuple)))
          .length === 1,
    );
    const told = counted.map((flow) => {
      const count = new FlowCount();
      count.know({ ...flow, packets: { forward: 0, reply: 0 } });
      count.count(tally, flow.end);
      return `${keyOf(flow)}: ${count.forward} ${count.reply}`;
    });
    expect(told).toEqual(
      counted.map((flow) => `${keyOf(flow)}: ${flow.packets.forward} ${flow.packets.reply}`),
    );
  });

  it('there are bundles with flows', () => expect(some.length).toBeGreaterThan(20));
});

const CLIENT = '10.0.0.2';
const SERVER = '192.0.2.9';
const HOST = '198.51.100.1';

/** A request or an answer, as the inner (0) and the outer point (1) see it: the host translates the source. */
function seen(point: 0 | 1, isReply: boolean, at: number, id: number): Sent {
  const inner = point === 0 ? CLIENT : HOST;
  const common = { protocol: 17, at, id, payload: 20, ttl: 64 - point };
  return isReply
    ? { ...common, from: SERVER, to: inner, sourcePort: 53, destinationPort: 4000 + point }
    : { ...common, from: inner, to: SERVER, sourcePort: 4000 + point, destinationPort: 53 };
}

const sighting = (place: string, point: 0 | 1): AnalysisFlow['sightings'][number] => ({
  capture: place,
  packets: 1,
  direction: 'forward',
  tuple: `${point === 0 ? CLIENT : HOST}:${4000 + point} > ${SERVER}:53`,
});

const EPOCH = 1_700_000_000;

function flowOf(fields: Partial<AnalysisFlow> = {}): AnalysisFlow {
  return {
    id: 0,
    protocol: 'udp',
    client: { address: CLIENT, port: 4000 },
    server: { address: SERVER, port: 53 },
    start: EPOCH,
    end: EPOCH,
    packets: { forward: 0, reply: 0 },
    status: 'delivered',
    sightings: [sighting('host:br0', 0), sighting('host:eth0', 1)],
    predicted: [],
    findings: [],
    ...fields,
  };
}

function analysisOf(flows: AnalysisFlow[], findings: Analysis['findings'] = []): Analysis {
  return {
    schema: 'nettrace-analysis/1',
    inputs: [],
    topology: { namespaces: [], captures: [], missing: [] },
    flows,
    findings,
    warnings: [],
  };
}

describe('a flow in the book', () => {
  const step = fc.record({ isReply: fc.boolean(), isLost: fc.boolean(), analysed: fc.boolean() });

  it('has each of its packets once, whatever the analyses saw of it, and how often it was asked', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const tally = new Tally();
        const book = new FlowBook(tally);
        book.update(analysisOf([flowOf()]), EPOCH);
        const sent = { forward: 0, reply: 0 };
        for (const [index, { isReply, isLost, analysed }] of steps.entries()) {
          const at = index / 10;
          const points: (0 | 1)[] = isReply ? [1, 0] : [0, 1];
          for (const point of isLost ? points.slice(0, 1) : points)
            for (const frame of capture(seen(point, isReply, at, index))) tally.add(point, frame);
          // Where requests are lost inside and answers outside, no place sees all of both.
          sent[isReply ? 'reply' : 'forward']++;
          if (analysed)
            book.update(
              analysisOf([flowOf({ end: EPOCH + at, packets: { forward: 0, reply: 0 } })]),
              EPOCH + at,
            );
          else book.count(EPOCH + at);
        }
        const [flow] = book.list();
        expect(flow?.packets).toEqual(sent);
        expect(flow?.last).toBeCloseTo(EPOCH + (steps.length - 1) / 10, 5);
      }),
    );
  });

  it('tells its rate of late, which falls when nothing comes any more', () => {
    const tally = new Tally();
    const book = new FlowBook(tally);
    book.update(analysisOf([flowOf()]), EPOCH);
    for (let second = 0; second < 10; second++) {
      for (let i = 0; i < 20; i++)
        for (const frame of capture(seen(0, false, second + i / 20, i))) tally.add(0, frame);
      book.count(EPOCH + second + 1);
    }
    expect(book.list()[0]?.rate).toBeCloseTo(20, 0);
    for (let second = 11; second < 40; second++) book.count(EPOCH + second);
    expect(book.list()[0]?.rate).toBe(0);
  });

  it('keeps what was last known of it when it is in no analysis any more, and goes after a time', () => {
    const book = new FlowBook(new Tally());
    const finding = { cause: 'flt-rule-drop', severity: 'error', flows: [1], title: 'a rule drops it' };
    const other = { ...finding, cause: 'rpf-strict-drop', flows: [0] };
    const findings = [other, finding] as unknown as Analysis['findings'];
    const beside = flowOf({ client: { address: '10.0.0.3', port: 1 }, findings: [0] });
    book.update(analysisOf([beside, flowOf({ id: 1, status: 'dropped', findings: [1] })], findings), EPOCH);
    const before = book.list();
    book.update(
      analysisOf([flowOf({ client: { address: '10.0.0.4', port: 1 }, end: EPOCH + 60 })]),
      EPOCH + 60,
    );
    expect(book.list().map(({ id, flow, findings: own }) => [id, flow.status, own[0]?.cause])).toEqual([
      [1, 'delivered', 'rpf-strict-drop'],
      [2, 'dropped', 'flt-rule-drop'],
      [3, 'delivered', undefined],
    ]);
    // Nothing came of them: they are what was listed.
    expect(book.list().slice(0, 2)).toEqual(before);
    book.update(analysisOf([]), EPOCH + 920);
    expect(book.list().map(({ id }) => id)).toEqual([3]);
  });

  it('goes when its packets turn out to be another one’s, and stays where not all were looked at', () => {
    const inner = flowOf({ start: EPOCH + 10, end: EPOCH + 12 });
    const outer = flowOf({ client: { address: HOST, port: 4001 }, start: EPOCH + 10, end: EPOCH + 12 });
    const clients = (book: FlowBook) => book.list().map(({ flow }) => flow.client.address);
    const book = new FlowBook(new Tally());
    book.update(analysisOf([inner, outer]), EPOCH + 12, EPOCH);
    expect(clients(book)).toEqual([CLIENT, HOST]);
    book.update(analysisOf([inner]), EPOCH + 13);
    book.update(analysisOf([inner]), EPOCH + 24, EPOCH + 11);
    expect(clients(book)).toEqual([HOST, CLIENT]);
    book.update(analysisOf([inner]), EPOCH + 14, EPOCH + 2);
    expect(clients(book)).toEqual([CLIENT]);
  });

  it('makes room for others, the latest', () => {
    const book = new FlowBook(new Tally());
    const flows = Array.from({ length: 6000 }, (_, port) =>
      flowOf({ client: { address: CLIENT, port: port + 1 } }),
    );
    book.update(analysisOf(flows), EPOCH);
    expect(book.list()).toHaveLength(1500);
    expect(book.list().at(-1)?.flow.client.port).toBe(6000);
  });
});

describe('counts of conversations', () => {
  const packet = fc.record({
    low: fc.integer({ min: 1, max: 12 }),
    side: fc.constantFrom(0 as const, 1 as const),
    place: fc.integer({ min: 0, max: 3 }),
  });

  it('are right whatever had to be forgotten, and say that it was', () => {
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 300 }), (packets) => {
        const counts = new ConversationCounts({ most: 8 });
        const sums = new Map<string, number>();
        const serials = new Map<number, number>();
        for (const [index, { low, side, place }] of packets.entries()) {
          const key = { low, high: 99, ports: low * 7, kind: 17 };
          const before = counts.find(key);
          if (before < 0) for (const name of sums.keys()) if (name.startsWith(`${low} `)) sums.delete(name);
          const conversation = counts.add({ ...key, side, time: index, ttl: 64, mark: index }, place);
          const name = `${low} ${place} ${side}`;
          sums.set(name, (sums.get(name) ?? 0) + 1);
          expect(counts.count).toBeLessThanOrEqual(8);
          expect(counts.last(conversation)).toBe(index);
          const serial = counts.serial(conversation);
          expect(serial === serials.get(low)).toBe(before >= 0);
          serials.set(low, serial);
          const seenAt = counts.at(conversation).find((each) => each.place === place);
          expect(side === 0 ? seenAt?.low : seenAt?.high).toBe(sums.get(name));
        }
      }),
    );
  });

  it('have a packet that runs in circles once', () => {
    const counts = new ConversationCounts();
    const key = { low: 1, high: 2, ports: 0, kind: 1, side: 0 as const, mark: 5 };
    for (let lap = 0; lap < 20; lap++) counts.add({ ...key, time: 10 + lap / 1000, ttl: 64 - lap * 2 }, 0);
    counts.add({ ...key, time: 11.5, ttl: 64 }, 0);
    expect(counts.at(counts.find(key))).toEqual([{ place: 0, low: 2, high: 0 }]);
  });
});

describe('flows that are remembered', () => {
  it('keep the way through the host while they are among the latest', () => {
    const book = new FlowBook(new Tally());
    const flows = Array.from({ length: 1000 }, (_, port) =>
      flowOf({
        client: { address: CLIENT, port: port + 1 },
        predicted: [{ namespace: 'host', steps: [] }] as unknown as AnalysisFlow['predicted'],
      }),
    );
    book.update(analysisOf(flows), EPOCH);
    const ways = book.list().map(({ flow }) => flow.predicted.length);
    expect(ways).toEqual(Array.from({ length: 1000 }, (_, index) => (index < 750 ? 0 : 1)));
  });
});
