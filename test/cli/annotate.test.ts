/** Annotated captures hold the packets of their inputs, and say what became of them. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, describe, expect, it } from 'vitest';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import { memorySource } from '../../src/capture/source.ts';
import { collector } from '../../src/capture/writer.ts';
import { setClock } from '../../src/correlate/clocks.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import {
  block,
  enhancedBlock,
  interfaceBlock,
  option,
  sectionBlock,
  text,
  u16,
  u32,
} from '../capture/blocks.ts';
import { type CheckedFile, checkPcapng } from '../support/pcapng-check.ts';
import { run } from './harness.ts';
import { makeLab, pingCapture } from './lab.ts';

interface Summary {
  readonly packets: number;
  readonly commented: number;
  readonly leftOut?: number;
  readonly late?: number;
  readonly interfaces: readonly {
    readonly id: number;
    readonly name: string;
    readonly namespace: string;
    readonly path: string;
    readonly packets: number;
    readonly commented: number;
    readonly clockAhead?: number;
  }[];
}

const folder = mkdtempSync(join(tmpdir(), 'nettrace-annotate-'));
const lab = makeLab();
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(lab.folder, { recursive: true });
});
let files = 0;
const isValid = new Ajv({ strict: true }).compile(
  JSON.parse(readFileSync('schemas/annotate.schema.json', 'utf8')) as object,
);

async function annotated(
  words: readonly string[],
  around: Parameters<typeof run>[1] = {},
): Promise<{ file: CheckedFile; path: string; summary: Summary; stderr: string; status: number }> {
  const path = join(folder, `${++files}.pcapng`);
  const { status, stdout, stderr } = await run(
    ['annotate', ...words, '-o', path, '--format', 'json'],
    around,
  );
  expect(stdout, stderr).not.toBe('');
  const summary = JSON.parse(stdout) as Summary;
  expect(isValid(summary), JSON.stringify(isValid.errors)).toBe(true);
  const file = checkPcapng(readFileSync(path));
  expect(file.packets.length).toBe(summary.packets);
  expect(file.interfaces.length).toBe(summary.interfaces.length);
  expect(file.packets.filter(({ comments }) => comments.length > 0).length).toBeGreaterThanOrEqual(
    summary.commented,
  );
  return { file, path, summary, stderr, status };
}

interface Plain {
  readonly nanoseconds: bigint;
  readonly bytes: Buffer;
  readonly length: number;
  readonly linkType: number;
}

const isEarlier = (left: Plain, right: Plain): number =>
  left.nanoseconds < right.nanoseconds ? -1 : left.nanoseconds > right.nanoseconds ? 1 : 0;

/** As a line: texts are compared much faster than objects. */
const lineOf = ({ nanoseconds, bytes, length, linkType }: Plain): string =>
  `${nanoseconds} ${length} ${linkType} ${bytes.toString('hex')}`;

/** The packets of every capture among the inputs, each in order of time. */
async function packetsOf(words: readonly string[]): Promise<Map<string, string[]>> {
  const inputs = await resolveInputs(words);
  const all = new Map<string, string[]>();
  for (const capture of inputs.captures) {
    const own: Plain[] = [];
    await scanCapture(capture.open(), (frame) => {
      own.push({
        nanoseconds: BigInt(frame.seconds) * 1_000_000_000n + BigInt(frame.nanoseconds),
        bytes: Buffer.from(frame.bytes),
        length: frame.length,
        linkType: frame.linkType,
      });
    });
    all.set(capture.path, own.toSorted(isEarlier).map(lineOf));
  }
  return all;
}

function packetsIn({ file, summary }: { file: CheckedFile; summary: Summary }): Map<string, string[]> {
  const all = new Map<string, string[]>(summary.interfaces.map(({ path }) => [path, []]));
  for (const packet of file.packets) {
    const linkType = file.interfaces[packet.interface]?.linkType ?? -1;
    all.get(summary.interfaces[packet.interface]?.path ?? '')?.push(lineOf({ ...packet, linkType }));
  }
  return all;
}

function expectInOrder({ file, summary }: { file: CheckedFile; summary: Summary }): void {
  const clocks = summary.interfaces.map(({ clockAhead = 0 }) => BigInt(Math.round(clockAhead * 1e9)));
  const times = file.packets.map(({ nanoseconds, interface: index }) => nanoseconds - (clocks[index] ?? 0n));
  expect(times.findIndex((time, index) => time < (times[index - 1] ?? time))).toBe(-1);
}

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

/** What tshark has to say of a file's packets. */
function linesOf(file: CheckedFile): string[] {
  return file.packets.map((packet) => {
    const seconds = packet.nanoseconds / 1_000_000_000n;
    const rest = packet.nanoseconds % 1_000_000_000n;
    const id = packet.options.find(({ code }) => code === 5)?.value.readBigUInt64LE(0);
    return [
      `${seconds}.${rest.toString().padStart(9, '0')}`,
      packet.length,
      packet.bytes.length,
      packet.interface,
      id ?? '',
      packet.comments.join(','),
    ].join('\t');
  });
}

function linesOfTshark(path: string): string[] {
  const fields = ['frame.time_epoch', 'frame.len', 'frame.cap_len', 'frame.interface_id', 'frame.packet_id'];
  const { stdout, status } = spawnSync(
    'tshark',
    ['-n', '-r', path, '-T', 'fields', ...[...fields, 'frame.comment'].flatMap((field) => ['-e', field])],
    { encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  expect(status).toBe(0);
  return stdout.split('\n').filter((line) => line !== '');
}

/** Files of bundles behind each other: that is a pcapng as well, and tshark is started once for them. */
const together = join(folder, 'together.pcapng');
const told = new Map<string, string[]>();

/** Some stand for the others. */
function isChosen(bundle: string): boolean {
  return /two-clocks|fleet|any|scanned|vxlan|docker|seed|two-uplinks|nat/.test(bundle);
}

function bundlesIn(base: string): string[] {
  if (!existsSync(base)) return [];
  return readdirSync(base)
    .map((name) => `${base}/${name}/bundle`)
    .filter((path) => existsSync(path));
}

describe.each([...bundlesIn('captures'), ...bundlesIn('../shared/scenarios')])('%s', (bundle) => {
  it('keeps every packet: bytes, lengths, times to the nanosecond, in order', async () => {
    // Inside an archive of several hosts the bundles lie side by side.
    const words = /fleet/.test(bundle) ? readdirSync(bundle).map((name) => join(bundle, name)) : [bundle];
    const result = await annotated(words);
    expect(packetsIn(result)).toEqual(await packetsOf(words));
    expectInOrder(result);
    // One assertion for all of them: there are thousands.
    const comments = result.file.packets.flatMap((packet) => packet.comments);
    expect(comments.filter((comment) => /[\p{Cc}\p{Cf}]|undefined|\[object|NaN/u.test(comment))).toEqual([]);
    if (!hasTshark || !isChosen(bundle)) return;
    appendFileSync(together, readFileSync(result.path));
    told.set(bundle, linesOf(result.file));
  });
});

it.skipIf(!hasTshark)(
  'tshark reads the same packets and comments in what was written of some of them',
  () => {
    expect(told.size).toBeGreaterThan(20);
    const lines = linesOfTshark(together);
    let at = 0;
    for (const [bundle, own] of told) {
      expect(lines.slice(at, at + own.length), bundle).toEqual(own);
      at += own.length;
    }
    expect(lines.length).toBe(at);
  },
);

describe('comments', () => {
  it('name verdict, place, rule with file and line, cause and flow', async () => {
    const { file } = await annotated(['captures/reject-tcp-reset/bundle']);
    const said = file.packets.flatMap(({ comments }) => comments);
    expect(said[0]).toMatch(
      /^rejected in host behind this point: .*; by filter no-mail rule 2 \(.*iptables-save\.txt:9\) -A no-mail -p tcp -m tcp --dport 25 -j REJECT --reject-with tcp-reset; finding 1, cause flt-reject, 95 % sure; flow 0$/,
    );
    expect(said.some((comment) => /^refused: this RST ends flow 0/.test(comment))).toBe(true);
  });

  it('tell of NAT at the first place where it shows, there and back', async () => {
    const { file } = await annotated(['captures/healthy-udp-dnat/bundle']);
    const said = file.packets.flatMap(({ comments, interface: index }) =>
      comments.map((comment) => `${file.interfaces[index]?.name} ${comment}`),
    );
    expect(
      said.filter((comment) => comment.startsWith('play0 rewritten since host:eth0: destination')).length,
    ).toBe(3);
    expect(
      said.filter((comment) => /^eth0 rewritten .* \(conntrack takes the DNAT back\)/.test(comment)).length,
    ).toBe(3);
    expect(said[0]).toMatch(/DNAT by nat PREROUTING rule 1 \(.*iptables-save\.txt:7\) -A PREROUTING/);
  });

  it('are on every packet that was dropped, and on none that got further', async () => {
    const { file } = await annotated(['captures/docker-forward-off-dnat/bundle']);
    const dropped = file.packets.filter(({ comments }) =>
      comments.some((one) => one.startsWith('dropped in host')),
    );
    expect(dropped.map((one) => file.interfaces[one.interface]?.name)).toEqual(['eth0', 'eth0', 'eth0']);
  });

  it('tell a client’s RST to ends that it never addressed from what NAT rewrote', async () => {
    const { file } = await annotated(['captures/server-with-its-own-way-back/bundle']);
    const said = file.packets.flatMap(({ comments, interface: index }) =>
      comments.map((comment) => `${file.interfaces[index]?.name} ${comment}`),
    );
    const count = (pattern: RegExp) => said.filter((comment) => pattern.test(comment)).length;
    expect(
      count(/^srv0 rewritten since host:eth0: destination 203\.0\.113\.40:443 -> 10\.81\.6\.20:8443/),
    ).toBe(4);
    expect(count(/^eth0 rewritten/)).toBe(0);
    expect(count(/^eth0 answer gone astray behind this point/)).toBe(4);
    // By the client, on the host's way in, and on its way out.
    expect(count(/ reset by the client: it is answered from 10\.81\.6\.20:8443/)).toBe(12);
  });

  it('call nothing rewritten that passed NAT by', async () => {
    const { file } = await annotated(['captures/forgotten-and-not-picked-up/bundle']);
    const said = file.packets.flatMap(({ comments }) => comments).join('\n');
    expect(said).toContain('rewritten since host:');
    expect(said).not.toMatch(/source 198\.51\.100\.7:\d+ -> 10\.58\.4\.40/);
  });

  it('say with the request that its answer died before any capture', async () => {
    const { file } = await annotated(['captures/far-end-knows-no-way-back/bundle']);
    const said = file.packets.flatMap(({ comments }) => comments);
    expect(said.length).toBeGreaterThan(0);
    expect(said[0]).toMatch(/^(its answer is )?\w+ (in store )?behind this point: store has no route back/);
  });

  it('tie the sightings of one packet by one number', async () => {
    const { file } = await annotated(['captures/healthy-udp-dnat/bundle']);
    const points = new Map<bigint, Set<number>>();
    for (const { options, interface: index } of file.packets) {
      const id = options.find(({ code }) => code === 5)?.value.readBigUInt64LE(0);
      if (id !== undefined) points.set(id, (points.get(id) ?? new Set()).add(index));
    }
    // Through NAT, bridge and veth pair: three points or more.
    expect([...points.values()].filter(({ size }) => size >= 3).length).toBeGreaterThanOrEqual(6);
  });

  it('escape what a hostile dump says', async () => {
    const { bundle } = makeLab();
    const rules = join(bundle, 'namespaces/host/iptables-save.txt');
    const evil = '\u0007\u0085\u202e<script>';
    writeFileSync(
      rules,
      `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -m comment --comment "${evil}" -j DROP\nCOMMIT\n`,
    );
    writeFileSync(join(bundle, 'namespaces/host/sysctl.txt'), 'net.ipv4.ip_forward = 1\n');
    const { file } = await annotated([bundle]);
    const all = [
      ...file.comments.flatMap((comment) => comment.split('\n')),
      ...file.interfaces.flatMap(({ name = '', description = '' }) => [name, description]),
      ...file.packets.flatMap(({ comments }) => comments),
    ];
    expect(all.join('\n')).toContain('\\x07\\u{85}\\u{202e}<script>');
    for (const one of all) expect(one).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });
});

describe('the section', () => {
  it('has the findings and the state of each namespace', async () => {
    const { file } = await annotated([lab.bundle]);
    expect(file.application).toMatch(/^nettrace \d/);
    expect(file.comments[0]).toMatch(/^What nettrace found:\n1\. error: the host does not forward/);
    expect(file.comments.join('\n')).toContain('net.ipv4.ip_forward = 0');
    expect(file.comments.join('\n')).toContain('-A POSTROUTING -s 10.9.0.0/24 ! -o br0 -j MASQUERADE');
    for (const comment of file.comments) expect(Buffer.byteLength(comment)).toBeLessThanOrEqual(4096);
  });

  it('describes capture points that saw nothing', async () => {
    const { file, summary } = await annotated(['captures/fleet-underlay-port-dropped/bundle/kv-west']);
    const empty = summary.interfaces.filter(({ packets }) => packets === 0);
    expect(empty.map(({ name }) => name).toSorted()).toEqual(['pods0', 'vx-pods']);
    expect(file.interfaces[empty[0]?.id ?? -1]?.description).toContain('captures/host/');
  });
});

describe('sections that describe an interface alike', () => {
  it('are one interface', async () => {
    const section = [
      ...sectionBlock(),
      ...interfaceBlock(101, [...option(2, text('br0')), ...option(0, [])]),
    ];
    const packet = (time: bigint) => enhancedBlock(0, time, PING);
    const path = lab.file(
      'sections.pcapng',
      Uint8Array.from([...section, ...packet(5n), ...section, ...packet(6n)]),
    );
    const { file, summary } = await annotated([path]);
    expect(file.packets.map(({ stamp }) => stamp)).toEqual([5n, 6n]);
    expect(summary.interfaces.map(({ name, packets }) => [name, packets])).toEqual([['br0', 2]]);
  });
});

const PING = [...pingCapture([{ from: '10.9.0.32', to: '8.8.8.8', type: 8, id: 5, at: 1 }])].slice(40);

/** A pcapng in either byte order whose blocks have what writers of other programs put there. */
function foreign(little: boolean): Uint8Array {
  const word = (value: number) => u32(value, little);
  const long = (value: bigint) => {
    const bytes = Buffer.alloc(8);
    if (little) bytes.writeBigUInt64LE(value);
    else bytes.writeBigUInt64BE(value);
    return [...bytes];
  };
  const options = [
    ...option(2, word(2), little),
    ...option(4, long(7n), little),
    ...option(5, long(0x1122334455667788n), little),
    ...option(1, text('seen by hand'), little),
    ...option(2988, [...word(32473), ...text('opaque')], little),
    ...option(0, [], little),
  ];
  const interfaceOptions = [
    ...option(2, text('br0'), little),
    ...option(9, [9], little),
    ...option(14, [...long(BigInt.asUintN(64, -5n))], little),
    ...option(8, long(1_000_000_000n), little),
    ...option(11, [0, ...text('icmp')], little),
    ...option(1, text('of the interface'), little),
    ...option(0, [], little),
  ];
  const stamp = 1_767_261_605_123_456_789n;
  const data = PING.length % 4 === 0 ? PING : [...PING, ...new Array<number>(4 - (PING.length % 4)).fill(0)];
  const body = [...word(0), ...word(Number(stamp >> 32n)), ...word(Number(stamp & 0xffffffffn))];
  const lengths = [...word(PING.length), ...word(PING.length + 9)];
  return Uint8Array.from([
    ...sectionBlock(little, [...option(1, text('of the section'), little), ...option(0, [], little)]),
    ...interfaceBlock(101, interfaceOptions, little, 96),
    ...block(6, [...body, ...lengths, ...data, ...options], little),
    ...block(0x0bad, [1, 2, 3, 4], little),
    ...block(
      5,
      [...word(0), ...word(0), ...word(0), ...option(5, long(3n), little), ...option(0, [], little)],
      little,
    ),
    ...enhancedBlock(0, stamp + 1n, PING, little),
  ]);
}

describe('what a pcapng has beside its packets', () => {
  it.each([true, false])('is kept (little-endian: %s)', async (little) => {
    const path = lab.file(`foreign-${little}.pcapng`, foreign(little));
    const { file } = await annotated([path]);
    const [own] = file.interfaces;
    expect(own).toMatchObject({ linkType: 101, snaplen: 96, name: 'br0', resolution: 9, offset: -5n });
    const of = (code: number) => own?.options.filter((one) => one.code === code).map(({ value }) => value);
    expect(of(8)?.[0]?.readBigUInt64LE(0)).toBe(1_000_000_000n);
    expect(of(11)?.map(String)).toEqual(['\0icmp']);
    expect(of(1)?.map(String)).toContain('of the interface');
    expect(file.comments.some((one) => one.includes('of the section'))).toBe(true);
    expect(file.lost.get(0)).toBe(3n);
    const [packet, next] = file.packets;
    expect(packet).toMatchObject({ stamp: 1_767_261_605_123_456_789n, length: PING.length + 9 });
    expect(packet?.nanoseconds).toBe(1_767_261_600_123_456_789n);
    expect(packet?.comments[0]).toBe('seen by hand');
    const value = (code: number) =>
      packet?.options.filter((one) => one.code === code).map((one) => one.value)[0];
    expect(value(2)?.readUInt32LE(0)).toBe(2);
    expect(value(4)?.readBigUInt64LE(0)).toBe(7n);
    expect(value(5)?.readBigUInt64LE(0)).toBe(0x1122334455667788n);
    expect(value(2988)).toEqual(Buffer.from([...u32(32473), ...text('opaque')]));
    expect(next?.stamp).toBe(1_767_261_605_123_456_790n);
  });
});

describe('clocks of several hosts', () => {
  const fleet = 'captures/healthy-fleet-over-vxlan/bundle';

  it('order the packets, and leave their times; or correct them', async () => {
    const words = readdirSync(fleet).map((name) => join(fleet, name));
    const result = await annotated(words);
    expectInOrder(result);
    const other = result.summary.interfaces.find(({ clockAhead }) => clockAhead !== undefined);
    if (!other) return;
    const said = result.file.interfaces[other.id]?.options
      .filter(({ code }) => code === 1)
      .map(({ value }) => `${value}`);
    expect(said?.join()).toMatch(/its clock is \d+\.\d{6} s (ahead of|behind) that of/);
    const aligned = await annotated([...words, '--align-clocks']);
    const times = aligned.file.packets.map(({ nanoseconds }) => nanoseconds);
    expect(times).toEqual(times.toSorted((left, right) => (left < right ? -1 : left > right ? 1 : 0)));
    const shifted = { seconds: 10, nanoseconds: 0 };
    setClock(shifted as never, { clock: other.clockAhead });
    const [before, after] = [result, aligned].map(({ file }) =>
      file.packets.find((one) => one.interface === other.id),
    );
    const by = Number((before?.nanoseconds ?? 0n) - (after?.nanoseconds ?? 0n));
    expect(Math.abs(by - (other.clockAhead ?? 0) * 1e9)).toBeLessThan(2);
  });
});

describe('inputs of other kinds', () => {
  it('reads standard input, packed or not, once', async () => {
    const stdin = readFileSync(join(lab.bundle, 'captures/host/br0.pcap'));
    const { summary, file } = await annotated(['-', join(lab.bundle, 'namespaces/host')], { stdin });
    expect(summary.packets).toBe(4);
    expect(packetsIn({ file, summary }).get('-')?.length).toBe(4);
  });

  it("says of packets from tcpdump's text what is made up", async () => {
    const path = lab.file(
      'pasted.txt',
      [
        '10:00:00.000001 IP 10.9.0.32 > 8.8.8.8: ICMP echo request, id 5, seq 1, length 64',
        '10:00:01.000002 IP 10.9.0.32 > 8.8.8.8: ICMP echo request, id 5, seq 2, length 64',
        '',
      ].join('\n'),
    );
    const { file, summary } = await annotated([`host:br0=${path}`]);
    expect(file.packets.length + (summary.leftOut ?? 0)).toBe(2);
    for (const { comments } of file.packets)
      expect(comments.join()).toMatch(/made from text, line \d; made up/);
    expect(
      file.interfaces[0]?.options.filter(({ code }) => code === 1).map(({ value }) => `${value}`),
    ).toContain("made from tcpdump's text: what the text doesn't tell is zero or missing in these bytes");
  });

  it('ends with 2 where nothing was captured, and leaves what was there', async () => {
    const path = join(folder, 'kept.pcapng');
    writeFileSync(path, 'before');
    const { status, stderr } = await run([
      'annotate',
      join(lab.bundle, 'namespaces/host/sysctl.txt'),
      '-o',
      path,
    ]);
    expect([status, stderr]).toEqual([2, expect.stringContaining('no capture among the inputs')]);
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('overwrites none of its inputs, and writes no capture to a terminal', async () => {
    const path = lab.file(
      'own.pcap',
      pingCapture([{ from: '10.9.0.32', to: '8.8.8.8', type: 8, id: 5, at: 1 }]),
    );
    const own = await run(['annotate', path, '-o', path]);
    expect([own.status, own.stderr]).toEqual([2, expect.stringContaining('one of the inputs')]);
    const terminal = await run(['annotate', path], { tty: true });
    expect([terminal.status, terminal.stderr]).toEqual([
      2,
      expect.stringContaining('nothing for a terminal'),
    ]);
  });

  it('says that the disk is full', async () => {
    if (!existsSync('/dev/full')) return;
    const { status, stderr } = await run(['annotate', lab.bundle, '-o', '/dev/full']);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/can't write \/dev\/full: .*(no space|ENOSPC)/i),
    ]);
  });

  it('replaces a file as a whole, and tells in text what it wrote', async () => {
    const path = join(folder, 'text.pcapng');
    writeFileSync(path, 'before');
    const { status, stdout } = await run(['annotate', lab.bundle, '-o', path]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /text\.pcapng: \d+ packets, \d+ of them with comments\n {2}host:br0 +4 packets, \d commented/,
    );
    expect(checkPcapng(readFileSync(path)).packets.length).toBeGreaterThan(0);
  });

  it('keeps packets whose link type the file does not tell', async () => {
    const path = lab.file(
      'nameless.pcapng',
      Uint8Array.from([...sectionBlock(), ...enhancedBlock(4, 5n, [1, 2, 3]), ...u16(0).slice(2)]),
    );
    const { file } = await annotated([path]);
    expect(file.packets.map(({ bytes }) => [...bytes])).toEqual([[1, 2, 3]]);
  });
});

describe('what a merged file is to nettrace itself', () => {
  it('is a capture of all its points again', async () => {
    const { path } = await annotated([lab.bundle]);
    const summary = await scanCapture(memorySource(readFileSync(path)), () => {});
    expect(summary.issues).toEqual([]);
    expect(summary.packets).toBe(checkPcapng(readFileSync(path)).packets.length);
  });

  it('and many microseconds stay what they are', async () => {
    const whole = collector();
    const write = pcapWriter(whole.sink, { linkType: 101, nanoseconds: true });
    write({ seconds: 1_767_261_600, nanoseconds: 1, bytes: Uint8Array.from(PING) });
    const { file } = await annotated([lab.file('nano.pcap', whole.bytes())]);
    expect(file.packets[0]?.nanoseconds).toBe(1_767_261_600_000_000_001n);
  });
});
