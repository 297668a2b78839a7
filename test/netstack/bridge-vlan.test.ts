/** VLAN filtering as bridge(8) and the kernel's source describe it. */
import { describe, expect, it } from 'vitest';
import { allowedEgress, allowedIngress } from '../../src/netstack/bridge-vlan.ts';
import { createNet, deviceOf } from '../../src/netstack/net.ts';
import type { Netns } from '../../src/snapshot/snapshot.ts';

const span = { path: 'x', line: 1 };
const vlan = (dev: string, vid: number, flags = '') => ({
  dev,
  vid,
  pvid: flags.includes('p'),
  untagged: flags.includes('u'),
  span,
});
const link = (name: string, more = {}) => ({ name, flags: ['UP'], addresses: [], span, ...more });
const netns: Netns = {
  name: 'h',
  inferred: false,
  links: [
    link('br0', { kind: 'bridge', kindData: { vlan_filtering: 1, vlan_default_pvid: 1 } }),
    link('access', { master: 'br0' }),
    link('trunk', { master: 'br0' }),
    link('bare', { master: 'br0' }),
  ],
  bridgeVlans: [
    vlan('access', 10, 'pu'),
    vlan('trunk', 10),
    vlan('trunk', 20),
    vlan('trunk', 30, 'pu'),
    vlan('br0', 1, 'pu'),
  ],
};
const net = createNet(netns);
const bridge = deviceOf(net, 'br0');

describe('VLAN filtering', () => {
  it.each<[string, number[], string]>([
    ['access', [], '10: 10'],
    ['access', [0], '10: 10'],
    ['access', [10], '10: 10'],
    ['access', [20], 'dropped'],
    ['access', [0, 7], '10: 10 7'],
    ['trunk', [], '30: 30'],
    ['trunk', [20], '20: 20'],
    ['trunk', [20, 5], '20: 20 5'],
    ['bare', [], 'dropped'],
    ['bare', [10], 'dropped'],
    ['br0', [], '1: 1'],
  ])('%s, tags %j: %s', (port, tags, expected) => {
    const found = allowedIngress(net, bridge, port, tags);
    expect(found ? `${found.vid}: ${found.vlans.join(' ')}` : 'dropped').toBe(expected);
  });

  it.each<[string, number, number[] | undefined]>([
    ['access', 10, []],
    ['access', 20, undefined],
    ['trunk', 10, [10]],
    ['trunk', 30, []],
    ['br0', 10, undefined],
    ['br0', 1, []],
  ])('out of %s in VLAN %i: %j', (port, vid, expected) => {
    expect(allowedEgress(net, bridge, port, { vid, vlans: [vid] })).toEqual(expected);
  });
});
