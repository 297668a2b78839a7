import { describe, expect, it } from 'vitest';
import { resolveInputs } from '../../src/input/resolve.ts';
import { parseIp } from '../../src/net/ip.ts';
import { probe } from '../../src/netstack/probe.ts';
import { createWorld } from '../../src/netstack/world.ts';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import { buildTopology } from '../../src/topology/build.ts';
import { directoryOf } from '../input/files.ts';

/** What no kernel has to be asked for: dumps that are hostile, or say too little. */
const MAC = '02:99:00:00:00:02';

async function send(routes: readonly string[], fdb: readonly object[] | undefined, data: object = {}) {
  const link = (ifindex: number, ifname: string, local: string, more: object = {}) => ({
    ifindex,
    ifname,
    flags: ['BROADCAST', 'UP', 'LOWER_UP'],
    mtu: 1450,
    address: `02:00:00:00:00:0${ifindex}`,
    addr_info: [{ family: 'inet', local, prefixlen: 24, scope: 'global' }],
    ...more,
  });
  const vxlan = {
    linkinfo: { info_kind: 'vxlan', info_data: { id: 7, port: 4789, local: '192.0.2.1', ...data } },
  };
  const inputs = await resolveInputs([
    directoryOf({
      'namespaces/host/ip-addr.json': JSON.stringify([
        link(2, 'eth0', '192.0.2.1'),
        link(3, 'vx', '10.9.0.1', vxlan),
        link(4, 'vy', '10.8.0.1', {
          linkinfo: {
            info_kind: 'vxlan',
            info_data: { id: 8, port: 4790, local: '192.0.2.1', remote: '203.0.113.1' },
          },
        }),
      ]),
      'namespaces/host/ip-route.txt': `${routes.join('\n')}\n`,
      'namespaces/host/ip-neigh.txt': `10.9.0.2 dev vx lladdr ${MAC} PERMANENT\n10.8.0.2 dev vy lladdr ${MAC} PERMANENT\n`,
      ...(fdb && { 'namespaces/host/bridge-fdb.json': JSON.stringify(fdb) }),
    }),
  ]);
  const { snapshot } = buildSnapshot(inputs);
  const world = createWorld(snapshot, buildTopology(snapshot, []), { respond: true });
  return probe(world, { from: 'host', to: parseIp('10.9.0.2') ?? 0, protocol: 17, destinationPort: 9 }).there;
}

const ENTRY = { mac: MAC, ifname: 'vx', dst: '203.0.113.9', flags: ['self'], state: 'permanent' };
const ON_LINK = ['192.0.2.0/24 dev eth0', '10.9.0.0/24 dev vx', '10.8.0.0/24 dev vy'];

describe('a VXLAN device', () => {
  it('sends the outer packet by the host’s own routes', async () => {
    const trace = await send([...ON_LINK, 'default via 192.0.2.254 dev eth0'], [ENTRY]);
    expect(trace).toMatchObject({
      verdict: 'forwarded',
      final: { destination: '203.0.113.9', destinationPort: 4789 },
    });
    expect(trace.taps.at(-1)).toMatchObject({
      interface: 'eth0',
      inner: { tunnel: 'vxlan 7', header: { destination: '10.9.0.2' } },
    });
  });

  it('whose node has no route drops it there', async () => {
    expect(await send(ON_LINK, [ENTRY])).toMatchObject({
      verdict: 'dropped',
      final: { destination: '203.0.113.9' },
    });
  });

  it('whose way to the other node leads into itself is a loop', async () => {
    const trace = await send([...ON_LINK, '203.0.113.0/24 via 10.9.0.2 dev vx'], [ENTRY]);
    expect(trace).toMatchObject({ verdict: 'dropped', cause: 'route-loop' });
  });

  it('two that lead into each other end too', async () => {
    const trace = await send(
      [...ON_LINK, '203.0.113.9 via 10.8.0.2 dev vy', '203.0.113.1 via 10.9.0.2 dev vx'],
      [ENTRY],
    );
    expect(trace).toMatchObject({ verdict: 'dropped', cause: 'route-loop' });
    expect(trace.hops.length).toBeLessThan(20);
  });

  it('whose table was not dumped leaves the model, and says why', async () => {
    const trace = await send(ON_LINK, undefined);
    expect(trace.verdict).toBe('forwarded');
    expect(trace.assumptions.join(' ')).toContain('bridge fdb show');
  });

  it('without any entry drops the frame in itself', async () => {
    expect(await send(ON_LINK, [])).toMatchObject({
      verdict: 'dropped',
      cause: 'vxlan-underlay',
      reason: 'NO_TX_TARGET',
    });
  });

  const odd: [string, object][] = [
    ['no VNI', { id: 'x' }],
    ['told packet by packet', { external: true }],
  ];
  it.each(odd)('with %s is a plain link', async (_, data) => {
    const trace = await send(ON_LINK, [ENTRY], data);
    expect(trace).toMatchObject({ verdict: 'forwarded', final: { destination: '10.9.0.2' } });
  });
});
