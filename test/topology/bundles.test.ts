import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { scanCapture } from '../../src/capture/scan.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { dissect } from '../../src/packet/dissect.ts';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import { buildTopology } from '../../src/topology/build.ts';
import { formatLink } from '../../src/topology/link-ref.ts';
import { createObserver } from '../../src/topology/observe.ts';
import type { PointObservation, Topology } from '../../src/topology/topology.ts';

/** Recorded bundles: the project's own, and the shared ones where they are there. */
const ROOTS = ['captures', '../shared/scenarios'].filter((root) => existsSync(root));
const BUNDLES = ROOTS.flatMap((root) =>
  readdirSync(root)
    .map((name) => join(root, name, 'bundle'))
    .filter((path) => existsSync(path)),
);

async function load(path: string, only?: (dump: string) => boolean) {
  const inputs = await resolveInputs([path]);
  const used = only ? { ...inputs, dumps: inputs.dumps.filter(({ dump }) => only(dump.path)) } : inputs;
  const observations: PointObservation[] = [];
  for (const [index, capture] of inputs.captures.entries()) {
    const observer = createObserver(index);
    await scanCapture(capture.open(), (frame) => observer.add(dissect(frame)));
    observations.push(...observer.observations());
  }
  const { snapshot, issues } = buildSnapshot(used);
  return { inputs, snapshot, issues, topology: buildTopology(snapshot, inputs.captures, observations) };
}

function wires(topology: Topology): string[] {
  return [
    ...topology.wires.map((wire) => wire.ends.map(formatLink).sort().join(' ')),
    ...topology.segments.map((segment) => segment.members.map(formatLink).sort().join(' ')),
  ].sort();
}

describe.each(BUNDLES)('%s', (path) => {
  it('is read without complaint, and everything in it finds its place', async () => {
    const { inputs, issues, topology } = await load(path);
    expect([...inputs.issues, ...issues, ...(topology.issues ?? [])]).toEqual([]);
    const refused = inputs.dumps.flatMap(({ dump }) => dump.issues);
    // Its rules are meant to be refused.
    if (path.includes('rules-that-iptables-refused')) expect(refused.length).toBeGreaterThan(0);
    else expect(refused).toEqual([]);
    expect(topology.points.map((point) => ['bundle', 'pcapng'].includes(point.by))).not.toContain(false);
    for (const point of topology.points) {
      const links = topology.namespaces.get(point.namespace)?.links ?? [];
      if (point.interface !== 'any') expect(links.map((link) => link.name)).toContain(point.interface);
    }
  });

  it('has the wires that its interface indexes say', async () => {
    const { topology, snapshot } = await load(path);
    for (const { ends, by } of topology.wires) {
      const [a, b] = ends.map((end) =>
        snapshot.namespaces.get(end.namespace)?.links?.find((link) => link.name === end.name),
      );
      if (by !== 'ifindex') continue;
      expect([a?.peerIndex ?? b?.index, b?.peerIndex ?? a?.index]).toEqual([b?.index, a?.index]);
    }
    // No end is left whose other end was dumped: its netnsid is that of a namespace joined already by another pair.
    const joined = new Set(topology.wires.flatMap((wire) => wire.ends.map(formatLink)));
    for (const netns of snapshot.namespaces.values()) {
      for (const link of netns.links ?? []) {
        if (link.peerNetns === undefined || !snapshot.namespaces.get(link.peerNetns)?.links) continue;
        expect(joined).toContain(formatLink({ namespace: netns.name, name: link.name }));
      }
    }
  });

  it('from its captures alone, guesses no address that its dumps contradict', async () => {
    const full = await load(path);
    const bare = await load(path, () => false);
    const dumped = [...full.snapshot.namespaces.values()].flatMap((netns) => netns.links ?? []);
    const known = new Set(dumped.flatMap((link) => link.addresses.map((entry) => entry.address)));
    for (const netns of bare.topology.namespaces.values()) {
      expect(netns.inferred).toBe(true);
      const links = full.snapshot.namespaces.get(netns.name)?.links ?? [];
      for (const link of netns.links ?? []) {
        const real = links.find((candidate) => candidate.name === link.name);
        const bridge = links.find((candidate) => candidate.name === real?.master);
        const own = [...(real?.addresses ?? []), ...(bridge?.addresses ?? [])].map((entry) => entry.address);
        const wrong = link.addresses.filter(
          (entry) => known.has(entry.address) && !own.includes(entry.address),
        );
        expect(wrong, `${netns.name}:${link.name}`).toEqual([]);
        if (real?.mac !== undefined && link.mac !== undefined) {
          expect([real.mac, bridge?.mac], `${netns.name}:${link.name}`).toContain(link.mac);
        }
      }
    }
  });
});

/** Truth by eye: who is joined with whom in the shared recordings. */
const WIRES: Readonly<Record<string, readonly string[]>> = {
  'healthy-offload-and-duplicates': ['host:veth0 ns1:ceth0', 'host:veth1 ns2:ceth1'],
  'seed000-1-no-return-route': ['a:eth0 b:eth0', 'b:eth1 c:eth0'],
  'seed000-2-router-forward-off': ['a:eth0 b:eth0', 'b:eth1 c:eth0'],
  'seed000-4-hosts-file-shadows-dns': [],
  'seed001-1-no-default-route': ['host:veth0 ns1:ceth0', 'host:veth1 ns2:ceth1'],
  'seed001-6-dnat-present': ['host:veth0 ns1:ceth0'],
  'seed001-7-service-on-another-port': ['host:veth0 ns1:ceth0'],
  'seed002-1-address-without-prefix': ['blue:veth-blue host:veth-blue-br', 'host:veth-red-br red:veth-red'],
  'seed002-2-lan-host-knows-no-route': ['blue:veth-blue host:veth-blue-br', 'host:eth0 lan-host:eth0'],
  'seed004-1-publish-healthy': ['host:veth2b9a73c web:eth0'],
};

describe.runIf(existsSync('../shared/scenarios'))('wires of the shared recordings', () => {
  it.each(Object.entries(WIRES))('%s', async (name, expected) => {
    const { topology } = await load(`../shared/scenarios/${name}/bundle`);
    expect(wires(topology)).toEqual(expected);
  });
});
