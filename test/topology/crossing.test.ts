import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Mac } from '../../src/net/mac.ts';
import { inferPoints } from '../../src/topology/infer.ts';
import type { PointObservation } from '../../src/topology/topology.ts';
import { hopsOf } from '../../src/topology/ttl.ts';

/** Few addresses and stations, so that points have many of them in common. */
const address = fc.constantFrom(0x0a000001, 0x0a000002, 0xc0a80001, 0x08080808, 0x01010101);
const station = fc.record({
  mac: fc.constantFrom<Mac>(1, 2, 3, 4),
  sources: fc.uniqueArray(fc.tuple(address, fc.constantFrom(64, 63, 62)), {
    maxLength: 3,
    selector: ([ip]) => ip,
  }),
  destinations: fc.uniqueArray(address, { maxLength: 3 }),
  claims: fc.uniqueArray(address, { maxLength: 1 }),
});
const points = fc.array(
  fc.record({
    namespace: fc.constantFrom('red', 'host'),
    stations: fc.uniqueArray(station, { minLength: 1, maxLength: 4, selector: ({ mac }) => mac }),
  }),
  { minLength: 2, maxLength: 5 },
);

type Given = typeof points extends fc.Arbitrary<infer T> ? T : never;

function seenOf(given: Given) {
  return given.map(({ namespace, stations }, input) => {
    const observation: PointObservation = {
      ...{ input, linkTypes: [1], packets: 10, addresses: [] },
      stations: stations.map(({ sources, ...rest }) => ({
        ...rest,
        ...{ sent: 1, received: 1, cut: false },
        sources: sources.map(([ip, ttl]) => ({ address: ip, packets: 1, ttls: new Map([[ttl, 1]]) })),
      })),
    };
    const point = {
      input,
      path: `${input}.pcap`,
      namespace,
      interface: `eth${input}`,
      by: 'argument' as const,
    };
    return { point, observation };
  });
}

type Inferred = ReturnType<typeof inferPoints>[number];
type Seen = ReturnType<typeof seenOf>[number];

/** A packet for one destination was sent to the one at its point, and by the other, behind one router more, at its own. */
function passesOn(inner: Mac, at: Seen, outer: Inferred['stations'][number], there: Seen): boolean {
  const received = at.observation.stations.find(({ mac }) => mac === inner);
  const common = received?.destinations.some((ip) => {
    const receivers = there.observation.stations.filter(({ destinations }) => destinations.includes(ip));
    return receivers.length > 1 || (receivers.length === 1 && receivers[0]?.mac !== outer.mac);
  });
  if (!common) return false;
  if (outer.rewrites) return true;
  return outer.forwards.some(({ address: ip, hops }) =>
    at.observation.stations.some(
      ({ mac, sources }) =>
        mac !== inner && sources.some((source) => source.address === ip && hopsOf(source.ttls) === hops - 1),
    ),
  );
}

it('a point is the station that passes packets on to or from another point of its namespace, if only one does', () => {
  fc.assert(
    fc.property(points, (given) => {
      const seen = seenOf(given);
      const inferred = inferPoints(seen);
      for (const [index, { point, stations, self }] of inferred.entries()) {
        const found = new Set<Mac>();
        for (const [other, { point: beyond, stations: theirs }] of inferred.entries()) {
          if (other === index || beyond.namespace !== point.namespace) continue;
          const [here, there] = [seen[index] as Seen, seen[other] as Seen];
          for (const one of stations.filter(({ router }) => router))
            for (const two of theirs.filter(({ router }) => router))
              if (passesOn(one.mac, here, two, there) || passesOn(two.mac, there, one, here))
                found.add(one.mac);
        }
        expect(self).toBe(found.size === 1 ? [...found][0] : undefined);
      }
    }),
    { numRuns: 500 },
  );
});
