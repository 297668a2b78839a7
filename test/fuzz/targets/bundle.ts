import { gzipSync } from 'node:zlib';
import { scanCapture } from '../../../src/capture/scan.ts';
import { resolveInputs } from '../../../src/input/resolve.ts';
import { buildSnapshot } from '../../../src/snapshot/build.ts';
import { buildTopology } from '../../../src/topology/build.ts';
import { ADDRESSES, PCAP, ROUTES, RULES } from '../../input/samples.ts';
import { tarOf } from '../../input/tar.ts';
import { holds } from '../check.ts';
import type { Target } from '../target.ts';

const MANIFEST = JSON.stringify({
  format: 'nettrace-bundle/1',
  namespaces: [{ name: 'red' }, { name: 'host' }],
});

export const target: Target = {
  name: 'bundle',
  about:
    'tar archives, packed or not, and files by themselves: recognised, placed, a host and its topology made of them',
  isText: false,
  longest: 8192,
  seeds: () => {
    const bundle = tarOf([
      { name: 'b/manifest.json', content: MANIFEST },
      { name: 'b/namespaces/red/ip-route.txt', content: ROUTES },
      { name: 'b/captures/red/eth0.pcap', content: PCAP },
    ]);
    const rules = tarOf([
      { name: 'namespaces/host/ip-addr.txt', content: ADDRESSES },
      { name: 'namespaces/host/iptables-save.txt', content: RULES },
      { name: '../outside', content: 'x' },
      { name: 'link', type: '2', linkname: '/etc/passwd' },
    ]);
    return [bundle, gzipSync(bundle), gzipSync(rules), rules, ADDRESSES, RULES].map(
      (seed) => new Uint8Array(Buffer.from(seed)),
    );
  },
  async run(bytes) {
    const inputs = await resolveInputs([], { texts: [{ path: 'x', bytes }] });
    const said = inputs.captures.length + inputs.dumps.length + inputs.issues.length;
    holds(said + (inputs.commands?.length ?? 0) > 0, 'an input is used, or an issue says why not');
    for (const { path } of [...inputs.captures, ...inputs.dumps.map(({ dump }) => dump)])
      holds(!path.split('/').includes('..'), 'no path leads outside of the archive');
    for (const capture of inputs.captures.slice(0, 4)) await scanCapture(capture.open(), () => {});
    buildTopology(buildSnapshot(inputs).snapshot, inputs.captures);
  },
};
