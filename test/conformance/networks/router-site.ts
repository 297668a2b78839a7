/** What generators want to know of the router. */
import type { Site } from '../generate/site.ts';
import { farMac, ROUTER } from './router.ts';

export const ROUTER_SITE: Site = {
  network: ROUTER,
  namespaces: [
    {
      name: 'host',
      interfaces: ['eth0', 'eth1', 'br0', 'lo'],
      ports: ['p0', 'p1'],
      addresses: {
        4: ['10.90.1.1', '10.90.2.1', '10.90.3.1'],
        6: ['fd90:1::1', 'fd90:2::1', 'fd90:3::1'],
      },
    },
  ],
  hosts: [
    { end: 'eth0', mac: farMac('eth0'), address: { 4: '10.90.1.2', 6: 'fd90:1::2' } },
    { end: 'eth1', mac: farMac('eth1'), address: { 4: '10.90.2.2', 6: 'fd90:2::2' } },
    { end: 'p0', mac: farMac('p0'), address: { 4: '10.90.3.2', 6: 'fd90:3::2' }, bridge: 'host:br0' },
    { end: 'p1', mac: farMac('p1'), address: { 4: '10.90.3.3', 6: 'fd90:3::3' }, bridge: 'host:br0' },
  ],
  networks: {
    4: ['10.90.1.0/24', '10.90.2.0/24', '10.90.3.0/24'],
    6: ['fd90:1::/64', 'fd90:2::/64', 'fd90:3::/64'],
  },
  strangers: { 4: ['8.8.8.8', '10.90.1.3'], 6: ['fd99::8'] },
  broadcasts: ['10.90.1.255', '10.90.2.255', '10.90.3.255'],
};
