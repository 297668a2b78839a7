/** Conntrack's table by tuple, and the flows seen, held against maps with texts as keys. */
import { describe, expect, it } from 'vitest';
import { type Connection, newConnection } from '../../src/netstack/conntrack/connection.ts';
import { TupleMap } from '../../src/netstack/conntrack/tuple-map.ts';
import { SeenFlows } from '../../src/netstack/seen-flows.ts';
import { type Tuple, tupleKey } from '../../src/skb/tuple.ts';
import { Random } from '../conformance/random.ts';

function randomTuple(random: Random): Tuple {
  const six = random.chance(0.3);
  const ip = () => (six ? (1n << 127n) + BigInt(random.below(4)) : 0xfffffffe - random.below(4));
  return {
    family: six ? 6 : 4,
    protocol: random.chance(0.5) ? 6 : 17,
    source: ip(),
    destination: ip(),
    sourcePort: random.below(3),
    destinationPort: random.below(3),
    zone: random.below(2),
  };
}

describe('connections by tuple', () => {
  it.each([1, 2, 3, 4])('as a map by text, in its order, seed %i', (seed) => {
    const random = new Random(seed);
    const map = new TupleMap();
    const texts = new Map<string, Connection>();
    for (let i = 0; i < 3000; i++) {
      const tuple = randomTuple(random);
      const zone = random.below(2);
      expect(map.get(tuple, zone)).toBe(texts.get(tupleKey({ ...tuple, zone })));
      if (random.chance(0.6)) {
        const connection = newConnection({ id: i, original: tuple, reply: tuple, now: 0 });
        map.set(tuple, connection);
        texts.set(tupleKey(tuple), connection);
      } else {
        map.delete(tuple);
        texts.delete(tupleKey(tuple));
      }
      expect(map.size).toBe(texts.size);
    }
    expect([...map.values()].map(({ id }) => id)).toEqual([...texts.values()].map(({ id }) => id));
  });
});

describe('flows seen', () => {
  it('as a set of texts', () => {
    const random = new Random(5);
    const flows = new SeenFlows();
    const texts = new Set<string>();
    for (let i = 0; i < 3000; i++) {
      const { protocol, source, sourcePort, destination, destinationPort } = randomTuple(random);
      const port = random.chance(0.1) ? undefined : destinationPort;
      const text = [protocol, source, sourcePort, destination, port].join(' ');
      expect(flows.has(protocol, source, sourcePort, destination, port)).toBe(texts.has(text));
      if (random.chance(0.3)) {
        flows.add(protocol, source, sourcePort, destination, port);
        texts.add(text);
      }
    }
  });
});
