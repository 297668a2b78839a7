/** Set-up scripts, run by this kernel and played by nettrace: the same devices, wires, addresses and routes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveInputs } from '../../src/input/resolve.ts';
import { formatIp } from '../../src/net/ip.ts';
import { formatPrefix } from '../../src/net/prefix.ts';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import { effectiveRoutes } from '../../src/snapshot/effective-routes.ts';
import type { Netns, Snapshot } from '../../src/snapshot/snapshot.ts';
import { snapshotOf } from '../snapshot/dumps.ts';

/** Each begins with an empty machine: a namespace of its own, in which it makes others. */
const SCRIPTS: readonly (readonly [what: string, namespaces: readonly string[], script: string])[] = [
  [
    'a bridge with two namespaces',
    ['salt', 'pepper'],
    `ip link add shelf type bridge
ip addr add 10.31.0.1/24 dev shelf
ip link set shelf up
for ns in salt pepper; do
  ip netns add $ns
  ip link add to-$ns type veth peer name eth0 netns $ns
  ip link set to-$ns master shelf
  ip link set to-$ns up
  ip -n $ns link set lo up
  ip -n $ns link set eth0 up
done
ip -n salt addr add 10.31.0.2/24 dev eth0
ip netns exec pepper ip addr add 10.31.0.3/24 dev eth0
ip -n salt route add default via 10.31.0.1
ip -n pepper route add 192.0.2.0/24 via 10.31.0.1`,
  ],
  [
    'an end that stays down, one that goes away, a pair that is renamed',
    ['far'],
    `ip netns add far
ip link add a1 type veth peer name a2
ip link set a2 netns far
ip addr add 10.32.0.1/30 dev a1
ip link set a1 up
ip link add b1 type veth peer name b2
ip link set b1 name wire
ip link set wire up
ip link set b2 up
ip addr add 10.33.0.1/24 dev wire
ip link add c1 type veth peer name c2
ip addr add 10.34.0.1/24 dev c1
ip link set c1 up
ip link del c2`,
  ],
  [
    'a device that moves loses its addresses, its master and its routes',
    ['room'],
    `ip netns add room
ip link add sw type bridge
ip link set sw up
ip link add d0 type veth peer name d1
ip link set d0 up
ip link set d1 up
ip addr add 10.35.0.2/24 dev d1
ip route add 198.51.100.0/24 via 10.35.0.9 dev d1
ip link set d0 master sw
ip link set d1 netns room
ip link set d0 netns room`,
  ],
  [
    'a namespace that ends takes the other ends along',
    ['stays'],
    `ip netns add gone
ip netns add stays
ip link add e0 type veth peer name e1 netns gone
ip link add f0 type veth peer name f1 netns stays
ip addr add 10.36.0.1/24 dev e0
ip link set e0 up
ip link set f0 up
ip netns del gone
sleep 1`,
  ],
  [
    'what is refused changes nothing',
    ['one'],
    `ip netns add one
ip netns add one || true
ip link add g0 type veth peer name g1
ip link add g0 type dummy || true
ip link set g1 netns nowhere || true
ip addr add 10.37.0.1/24 dev g0
ip addr add 10.37.0.1/24 dev g0 || true
ip -n one route add default via 10.37.0.1 || true
ip link set g0 up
ip link set g1 up
ip link del lo || true`,
  ],
];

interface Device {
  readonly name: string;
  readonly master?: string;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly addresses: readonly string[];
}

/** What a person sees with `ip addr` and `ip route`, IPv4. */
function seen(netns: Netns | undefined): { devices: readonly Device[]; routes: readonly string[] } {
  /** The uplink that a script takes for granted. */
  const assumed = new Set(
    netns?.links?.filter(({ inferred }) => inferred).map(({ name }) => name as string | undefined),
  );
  const devices = (netns?.links ?? [])
    .filter(({ name, inferred }) => name !== 'lo' && !inferred)
    .map(({ name, master, flags, kind, addresses }) => ({
      name,
      ...(master === undefined ? {} : { master }),
      up: flags.includes('UP'),
      // A bridge has a carrier while a port has; the model needs none for what is bridged.
      carrier: kind === 'bridge' || flags.includes('LOWER_UP'),
      addresses: addresses
        .filter(({ address }) => typeof address === 'number')
        .map(({ address, length }) => `${formatIp(address)}/${length}`),
    }))
    .toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
  const routes = (netns ? effectiveRoutes(netns, 4).routes : [])
    .filter(
      ({ table, type, nexthops: [hop] }) => table === 'main' && type === 'unicast' && !assumed.has(hop?.dev),
    )
    .map(({ destination, nexthops: [hop] }) => {
      const via = hop?.gateway === undefined ? '' : ` via ${formatIp(hop.gateway)}`;
      return `${formatPrefix(destination)}${via}`;
    })
    .toSorted();
  return { devices, routes };
}

function isPossible(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', [
      '-n',
      '-m',
      'sh',
      '-c',
      'mount -t tmpfs none /run/netns || mount -t tmpfs none /run; ip link add x0 type veth',
    ]);
    return true;
  } catch {
    return false;
  }
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nettrace-script-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** In network and mount namespaces of its own: nothing of it is left when it ends. */
function byKernel(script: string, namespaces: readonly string[]): Snapshot {
  const dump = (prefix: string, name: string) =>
    `echo "== ${name}/ip-addr.json"; ip ${prefix} -d -j addr show; echo "== ${name}/ip-route.json"; ip ${prefix} -d -j route show table all`;
  const whole = [
    'mkdir -p /run/netns && mount -t tmpfs none /run/netns',
    script,
    dump('', 'host'),
    ...namespaces.map((name) => dump(`-n ${name}`, name)),
  ].join('\n');
  const text = execFileSync('unshare', ['-n', '-m', 'bash', '-c', whole], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const files = text
    .split(/^== /m)
    .slice(1)
    .map((part): [string, string] => {
      const end = part.indexOf('\n');
      return [part.slice(0, end), part.slice(end + 1)];
    });
  return snapshotOf(Object.fromEntries(files)).snapshot;
}

describe.skipIf(!isPossible())('on this kernel (needs root and network namespaces)', () => {
  it.each(SCRIPTS)('%s', async (_, namespaces, script) => {
    const path = join(folder, 'setup.sh');
    writeFileSync(path, `#!/bin/bash\n${script}\n`);
    const { snapshot } = buildSnapshot(await resolveInputs([path]));
    const kernel = byKernel(script, namespaces);
    for (const name of ['host', ...namespaces])
      expect(seen(snapshot.namespaces.get(name)), name).toEqual(seen(kernel.namespaces.get(name)));
  });
});
