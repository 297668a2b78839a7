/**
 * `nettrace replay --inject … --respond` on what a user would have: the dumps of a recorded case as a bundle, its packets as captures.
 * Held against the kernel's own `iptables-save -c` afterwards, the rules its trace shows, and the frames that came out.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pathSchema from '../../schemas/path.schema.json' with { type: 'json' };
import replayLineSchema from '../../schemas/replay-line.schema.json' with { type: 'json' };
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { pcapngWriter } from '../../src/capture/pcapng-writer.ts';
import { collector } from '../../src/capture/writer.ts';
import type { ReplayLine } from '../../src/netstack/hop.ts';
import { headerOf } from '../../src/skb/fields.ts';
import { run } from '../cli/harness.ts';
import { casesOf } from './facts.ts';
import { frameOf, skbOf } from './frame.ts';
import { unhex } from './kernel/agent.ts';
import { isPossible, Lab } from './kernel/lab.ts';
import { runOnKernel } from './kernel/run.ts';
import type { RecordedStimulus, Recording } from './recording.ts';
import { readRecordings } from './recordings.ts';

const ETHERNET = 1;
const RAW = 101;
const FILES: Readonly<Record<string, string>> = {
  'ip -d -j addr show': 'ip-addr.json',
  'ip -d -j route show table all': 'ip-route.json',
  'ip -6 -d -j route show table all': 'ip6-route.json',
  'ip -j rule show': 'ip-rule.json',
  'ip -6 -j rule show': 'ip6-rule.json',
  'ip -j neigh show': 'ip-neigh.json',
  'bridge -j fdb show': 'bridge-fdb.json',
  'bridge -d -j link show': 'bridge-link.json',
  'bridge -j vlan show': 'bridge-vlan.json',
  'sysctl -a --pattern ^net': 'sysctl.txt',
  'ss -lntup': 'ss.txt',
  'iptables-nft-save': 'iptables-save.txt',
  'ip6tables-nft-save': 'ip6tables-save.txt',
  'iptables-legacy-save': 'iptables-legacy-save.txt',
  'ip6tables-legacy-save': 'ip6tables-legacy-save.txt',
};

interface Laid {
  readonly words: string[];
  /** Of each file, the stimuli in it by their index. */
  readonly files: ReadonlyMap<string, readonly number[]>;
}

/** Writes bundle and captures; a far end's are Ethernet, classic pcap, a process' own raw IP, pcapng: neither form nor link type matters. */
function lay(recording: Recording, countersOfDump = '[0:0]'): Laid {
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  for (const [namespace, command, text] of recording.dumps) {
    const file = FILES[command];
    if (file === undefined) continue;
    const own = join(folder, 'bundle', 'namespaces', namespace);
    mkdirSync(own, { recursive: true });
    const counted = command.endsWith('-save')
      ? text.replaceAll('[0:0]', countersOfDump).replace(/^-A/gm, `${countersOfDump} -A`)
      : text;
    writeFileSync(join(own, file), counted);
  }
  const words = [join(folder, 'bundle')];
  const files = new Map<string, number[]>();
  for (const on of new Set(recording.stimuli.map((each) => each.on))) {
    const indexes = recording.stimuli.flatMap((each, index) => (each.on === on ? [index] : []));
    const path = join(folder, `${on.replace(':', '-')}.cap`);
    writeFileSync(path, captureOf(indexes.map((index) => recording.stimuli[index] as RecordedStimulus)));
    files.set(path, indexes);
    const place = on.startsWith('local:') ? `${on.slice('local:'.length)}:@local` : recording.ends[on];
    words.push('--inject', `${place}=${path}`);
  }
  return { words: [...words, '--respond'], files };
}

function captureOf(stimuli: readonly RecordedStimulus[]): Uint8Array {
  const whole = collector();
  const packets = stimuli.map(({ bytes, time, ether, vlans }) => ({
    seconds: Math.floor(time),
    nanoseconds: Math.round((time % 1) * 1e9),
    bytes: ether ? frameOf(unhex(bytes), ether[0], ether[1], vlans) : unhex(bytes),
  }));
  if (stimuli.some(({ ether }) => ether)) {
    const write = pcapWriter(whole.sink, { linkType: ETHERNET, nanoseconds: true });
    for (const packet of packets) write(packet);
  } else {
    const writer = pcapngWriter(whole.sink);
    const index = writer.interface({ linkType: RAW });
    for (const packet of packets) writer.packet(index, packet);
  }
  return whole.bytes();
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

async function expectCounters(recording: Recording, countersOfDump?: string): Promise<void> {
  const { words } = lay(recording, countersOfDump);
  const { status, stdout, stderr } = await run(['replay', ...words, '--format', 'counters']);
  expect([status, stderr]).toEqual([0, '']);
  const expected = Object.values(recording.saves ?? {}).flatMap((both) => both.flatMap(lines));
  expect(lines(stdout)).toEqual(expected);
}

const ajv = new Ajv({ strict: true, allowUnionTypes: true }).addSchema(pathSchema);
const valid = ajv.compile(replayLineSchema);

type Line = ReplayLine & { readonly answer?: true };

async function expectLines(recording: Recording): Promise<void> {
  const { words, files } = lay(recording);
  const { status, stdout } = await run(['replay', ...words, '--format', 'jsonl']);
  expect(status).toBe(0);
  const all = stdout
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as Line);
  for (const line of all) {
    valid(line);
    expect(valid.errors ?? [], JSON.stringify(line)).toEqual([]);
  }
  const own = all.filter((line) => !line.answer);
  const indexOf = ({ packet }: Line) => files.get(packet.file)?.[packet.number - 1] ?? -1;
  expect(own.map(indexOf)).toEqual(recording.stimuli.map((_, index) => index));
  for (const [index, line] of own.entries()) {
    const { ways, out } = recording.observation.packets[index] ?? { ways: [], out: [] };
    const answers = all.filter((each) => each.answer && indexOf(each) === index);
    const about = JSON.stringify(line.packet);
    expect(line.packet.time, about).toBeCloseTo(recording.stimuli[index]?.time ?? 0, 6);
    expect(byNamespace(rulesOf([line])), about).toEqual(byNamespace(ways[0]?.path ?? []));
    expect(byNamespace(rulesOf(answers)), about).toEqual(
      byNamespace(ways.slice(1).flatMap(({ path }) => path)),
    );
    expect(
      [line, ...answers].filter(leaves).map(({ final: { mark: _, ...final } }) => final),
      about,
    ).toEqual(out.map(({ bytes }) => headerOf(skbOf(unhex(bytes.replaceAll('-', '0'))) ?? fail(bytes))));
  }
}

/** Each namespace tells its own part of a packet's way; which was first, nothing tells. */
const byNamespace = (path: readonly string[]) =>
  path.toSorted((one, other) =>
    namespaceOf(one) < namespaceOf(other) ? -1 : Number(namespaceOf(one) > namespaceOf(other)),
  );
const namespaceOf = (place: string) => place.slice(0, place.indexOf(' '));

const leaves = ({ verdict }: Line) => verdict === 'forwarded';

function fail(bytes: string): never {
  throw new Error(`no packet: ${bytes}`);
}

function rulesOf(all: readonly Line[]): string[] {
  return all.flatMap(({ hops }) =>
    hops.flatMap(({ namespace, steps }) =>
      steps.flatMap((step) => {
        if (step.kind === 'rule') return [`${namespace} ${step.table}:${step.chain}:${step.number}`];
        return step.kind === 'policy' ? [`${namespace} ${step.table}:${step.chain}:policy`] : [];
      }),
    ),
  );
}

describe.each(readRecordings('replay').map((each) => [each.backend, each] as const))(
  'as recorded, %s',
  (_, recording) => {
    it('counts as the kernel did', () => expectCounters(recording));
    it('counts from zero, whatever the dump counted', () => expectCounters(recording, '[17:4711]'));
    it('says which rules each packet met, and how it left', () => expectLines(recording));
  },
);

describe.skipIf(!isPossible())('on this kernel (needs root and network namespaces)', () => {
  let lab: Lab;
  beforeAll(() => {
    lab = new Lab();
  });
  afterAll(() => lab.close());
  it.each(casesOf('replay').map((each) => [each.backend, each] as const))('%s', async (_, each) => {
    const recording = await runOnKernel(lab, each);
    await expectCounters(recording);
    await expectLines(recording);
  });
});
