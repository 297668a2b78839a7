/** The benchmark's inputs: the same on every run, and what real programs would have sent and printed. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAPTURES } from '../../scripts/bench/captures/definitions.mjs';
import { writePoints } from '../../scripts/bench/captures/points.mjs';
import { docker } from '../../scripts/bench/rulesets/docker.mjs';
import { firewall } from '../../scripts/bench/rulesets/firewall.mjs';
import { ipset } from '../../scripts/bench/rulesets/ipset.mjs';
import { kubeProxy } from '../../scripts/bench/rulesets/kube-proxy.mjs';
import { linearPorts, linearSources } from '../../scripts/bench/rulesets/linear.mjs';
import { openFile } from '../../src/capture/open.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import type { CaptureSummary } from '../../src/capture/summary.ts';
import { recogniseDump } from '../../src/dump/recognise.ts';
import { dissect } from '../../src/packet/dissect.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { transportChecksum } from '../../src/skb/checksum.ts';
import { skbFromFrame } from '../../src/skb/from-packet.ts';
import { parseSave } from '../../src/xtables/parse.ts';

/** What `make` writes: a digest of each file. */
function made(make: (folder: string) => void): Map<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-generators-'));
  try {
    make(folder);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    return new Map(
      files.map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [path.slice(folder.length + 1), createHash('sha256').update(readFileSync(path)).digest('hex')];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function read(
  make: (folder: string) => void,
  visit: (packet: Packet, bytes: Uint8Array, path: string) => void,
): Promise<CaptureSummary[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nettrace-generators-'));
  try {
    make(folder);
    const summaries: CaptureSummary[] = [];
    const captures = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.pcap'),
    );
    for (const name of captures.sort()) {
      const source = openFile(join(folder, name));
      if (!('read' in source)) throw new Error(source.text);
      summaries.push(await scanCapture(source, (frame) => visit(dissect(frame), frame.bytes, name)));
    }
    return summaries;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const SMALL = 0.0005;

describe('captures', () => {
  it.each(Object.entries(CAPTURES))('%s: the same bytes every time', (_, { make }) => {
    const first = made((folder) => make(folder, SMALL));
    expect(first.size).toBeGreaterThan(0);
    expect(made((folder) => make(folder, SMALL))).toEqual(first);
  });

  it.each(Object.entries(CAPTURES))(
    '%s: no packet that a decoder or a checksum complains of, in order of time',
    async (_, { make }) => {
      const wrong: string[] = [];
      const last = new Map<string, number>();
      const summaries = await read(
        (folder) => make(folder, SMALL),
        (packet, bytes, path) => {
          const time = packet.seconds * 1e6 + packet.nanoseconds / 1e3;
          if (time < (last.get(path) ?? 0))
            wrong.push(`${path} ${packet.number}: earlier than the one before`);
          last.set(path, time);
          if (packet.error) wrong.push(`${path} ${packet.number}: ${packet.error.text}`);
          const skb = skbFromFrame(bytes, packet, { file: path, number: packet.number });
          const state = skb && transportChecksum(skb);
          if (state === 'wrong' || state === 'partial') wrong.push(`${path} ${packet.number}: ${state}`);
        },
      );
      expect(wrong).toEqual([]);
      expect(summaries.flatMap(({ issues }) => issues)).toEqual([]);
    },
  );

  it.each([
    [40, 3],
    [1000, 50],
    [5000, 250],
  ])('as many packets as asked for: %i in %i flows', async (packets, flows) => {
    const summaries = await read(
      (folder) => writePoints(folder, { packets, flows, points: 4 }),
      () => {},
    );
    expect(summaries.map((summary) => summary.packets)).toEqual([packets, packets, packets, packets]);
  });

  it('translates and forwards between the bridge and the outside', async () => {
    const seen = new Map<string, string[]>();
    await read(
      (folder) => writePoints(folder, { packets: 200, flows: 10, points: 4 }),
      ({ ip }, _, path) => {
        const lines = seen.get(path) ?? [];
        lines.push(`${ip?.id} ${ip?.source} ${ip?.destination} ${ip?.ttl}`);
        seen.set(path, lines);
      },
    );
    const inside = 0xac120002;
    const outside = 0x0a090002;
    const translated = seen.get('captures/host/br0.pcap')?.map((line) => {
      const [id, source, destination, ttl] = line.split(' ').map(Number);
      return source === inside
        ? `${id} ${outside} ${destination} ${(ttl ?? 0) - 1}`
        : `${id} ${source} ${outside} ${(ttl ?? 0) + 1}`;
    });
    expect(seen.get('captures/host/eth0.pcap')).toEqual(translated);
    expect(seen.get('captures/far/eth0.pcap')).toEqual(translated);
    expect(seen.get('captures/host/veth7.pcap')).toEqual(seen.get('captures/host/br0.pcap'));
  });
});

describe('rulesets', () => {
  it.each([
    ['Docker', docker(200), 620],
    ['kube-proxy', kubeProxy(2000).text, 2000],
    ['a firewall', firewall(1000), 1000],
    ['ports', linearPorts(1000), 1000],
    ['sources', linearSources(1000), 1000],
  ])('%s: about as many rules as asked for, each understood', (name, text, rules) => {
    const { issues } = parseSave(text, name);
    expect(issues).toEqual([]);
    expect(Math.abs((text.match(/^-A/gm)?.length ?? 0) - rules)).toBeLessThanOrEqual(rules / 50);
  });

  it('a set has as many different members as asked for', () => {
    const text = ipset(5000);
    expect(new Set(text.match(/^add .*/gm)).size).toBe(5000);
    expect(recogniseDump('ipset-save.txt', text)?.issues).toEqual([]);
  });
});
