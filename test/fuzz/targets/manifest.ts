import { readManifest } from '../../../src/input/manifest.ts';
import { resolveFiles } from '../../../src/input/resolve.ts';
import { buildSnapshot } from '../../../src/snapshot/build.ts';
import { PCAP, ROUTES } from '../../input/samples.ts';
import { holds } from '../check.ts';
import { bytesOf, textTarget } from '../target.ts';

export const target = textTarget({
  name: 'manifest',
  about: 'a bundle’s manifest.json: used or said to be wrong; the bundle is placed by it',
  longest: 2048,
  seeds: () => [FULL, '{"format":"nettrace-bundle/1"}'],
  async run(text) {
    const { manifest, issues } = readManifest('manifest.json', text);
    holds((manifest === undefined) === issues.length > 0, 'a manifest is used, or said to be wrong');
    if (!manifest) return;
    const files = [
      { name: 'manifest.json', bytes: bytesOf(text) },
      { name: 'captures/red/eth0.pcap', bytes: new Uint8Array(PCAP) },
      { name: 'namespaces/red/ip-route.txt', bytes: bytesOf(ROUTES) },
    ];
    buildSnapshot(await resolveFiles('b', files));
  },
});

const FULL = JSON.stringify({
  format: 'nettrace-bundle/1',
  host: 'edge',
  collectedAt: '2026-11-29T10:00:00Z',
  namespaces: [
    { name: 'host', inode: 4026531840 },
    { name: 'red', pid: 4711, container: 'web', netnsid: 0 },
  ],
  kernel: '6.18.0',
  missing: [{ namespace: 'red', what: 'nft list ruleset', reason: 'nft: command not found' }],
  files: [
    {
      path: 'captures/red/eth0.pcap',
      namespace: 'red',
      interface: 'eth0',
      command: 'tcpdump -i eth0',
      packets: 3,
    },
    { path: 'namespaces/red/ip-route.txt', namespace: 'red', collectedAt: '2026-11-29T10:00:01+01:00' },
  ],
});
