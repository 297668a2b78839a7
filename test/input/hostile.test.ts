import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseArgument } from '../../src/input/argument.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import { buildTopology } from '../../src/topology/build.ts';
import { ADDRESSES, directoryOf, PCAP, ROUTES, RULES } from './files.ts';
import { tarOf } from './tar.ts';

async function survives(bytes: Uint8Array): Promise<void> {
  const path = join(directoryOf({ x: bytes }), 'x');
  const inputs = await resolveInputs([path]);
  expect(inputs.captures.length + inputs.dumps.length + inputs.issues.length).toBeGreaterThan(0);
  const { snapshot } = buildSnapshot(inputs);
  buildTopology(snapshot, inputs.captures);
}

it('any bytes are an input or an issue, never an exception', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), survives), { numRuns: 60 });
});

it('a bundle cut and altered anywhere is read as far as it goes', async () => {
  const bundle = tarOf([
    { name: 'b/manifest.json', content: '{"format":"nettrace-bundle/1","namespaces":[{"name":"red"}]}' },
    { name: 'b/namespaces/host/ip-addr.txt', content: ADDRESSES },
    { name: 'b/namespaces/red/ip-route.txt', content: ROUTES },
    { name: 'b/namespaces/host/iptables-save.txt', content: RULES },
    { name: 'b/captures/red/eth0.pcap', content: PCAP },
  ]);
  const alterations = fc.array(fc.tuple(fc.nat(bundle.length - 1), fc.nat(255)), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(alterations, fc.nat(bundle.length), fc.boolean(), async (changes, length, packed) => {
      const bytes = Uint8Array.from(bundle.subarray(0, length));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      await survives(packed ? gzipSync(bytes) : bytes);
    }),
    { numRuns: 60 },
  );
});

it('a word is a file or a placement, and loses nothing', () => {
  fc.assert(
    fc.property(fc.string(), (word) => {
      const { path, namespace, interface: device } = parseArgument(word, () => false);
      const back = namespace === undefined ? path : `${namespace}:${device ?? ''}=${path}`;
      expect(back).toBe(word);
    }),
  );
});
