import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { viewOf } from '../../src/base/bytes.ts';
import { fold, sumBytes } from '../../src/base/checksum.ts';
import { DEFAULT_LIMITS } from '../../src/base/limits.ts';
import { frameOf } from '../../src/capture/frame.ts';
import { openFile } from '../../src/capture/open.ts';
import { pcapWriter } from '../../src/capture/pcap-writer.ts';
import { scanCapture } from '../../src/capture/scan.ts';
import { collector } from '../../src/capture/writer.ts';
import { Addresses, type Key } from '../../src/collect/redact/addresses.ts';
import { redactBundle } from '../../src/collect/redact/bundle.ts';
import { Names } from '../../src/collect/redact/names.ts';
import { type PacketRedactor, redactFrame } from '../../src/collect/redact/packet.ts';
import { Redactor } from '../../src/collect/redact/text.ts';
import { walkDirectory } from '../../src/input/directory.ts';
import { formatIp, type Ip, parseIp } from '../../src/net/ip.ts';
import { dissect } from '../../src/packet/dissect.ts';
import type { Packet } from '../../src/packet/packet.ts';
import { transportChecksum } from '../../src/skb/checksum.ts';
import { skbFromFrame } from '../../src/skb/from-packet.ts';
import { run } from '../cli/harness.ts';
import { capture } from '../support/frames.ts';

const KEY: Key = [0x0123456789abcdefn, 0xfedcba9876543210n];
const folder = mkdtempSync(join(tmpdir(), 'nettrace-redact-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function redactor(key = KEY): PacketRedactor & { readonly text: Redactor } {
  const addresses = new Addresses(key);
  const names = new Names((text) => addresses.hash(text));
  return { addresses, names, key, text: new Redactor(addresses, names) };
}

const ip = (text: string): Ip => parseIp(text) as Ip;
const bits = (address: Ip): string =>
  address.toString(2).padStart(typeof address === 'number' ? 32 : 128, '0');
const shared = (one: Ip, other: Ip): number => {
  const [left, right] = [bits(one), bits(other)];
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  return at;
};

describe('addresses', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.53',
    '169.254.169.254',
    '172.17.0.2',
    '192.0.2.66',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.251',
    '239.255.255.250',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fd00::53',
    'ff02::1',
    '2001:db8::1',
    '64:ff9b::c000:201',
  ])('%s stays', (text) => expect(formatIp(redactor().addresses.of(ip(text)))).toBe(text));

  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '93.184.216.34',
    '2a00:1450:4001:82a::200e',
    '2606:4700::1111',
    '64:ff9b::808:808',
    '::ffff:8.8.8.8',
    '2002:808:808::1',
  ])('%s is replaced', (text) => expect(redactor().addresses.of(ip(text))).not.toBe(ip(text)));

  const publicV4 = fc
    .nat(0xffffffff)
    .filter((each) => redactor().addresses.of(each) !== each || each >>> 24 > 0);
  const v6 = fc
    .tuple(fc.bigInt(0n, (1n << 61n) - 1n), fc.bigInt(0n, (1n << 64n) - 1n))
    .map(([high, low]) => ((1n << 125n) | (high << 64n) | low) as Ip);

  it('share as many bits afterwards as before, and nothing public becomes special', () => {
    const { addresses } = redactor();
    for (const pair of [fc.tuple(publicV4, publicV4), fc.tuple(v6, v6)])
      fc.assert(
        fc.property(pair as fc.Arbitrary<[Ip, Ip]>, ([one, other]) => {
          const [left, right] = [addresses.of(one), addresses.of(other)];
          expect(shared(left, right)).toBe(shared(one, other));
        }),
      );
  });

  it.each([
    ['8.8.8.0', 24],
    ['93.184.0.0', 16],
    ['45.64.0.0', 12],
    ['151.101.64.0', 20],
    ['5.9.4.128', 26],
    ['2a00:1450::', 32],
    ['2a00:1450:4001:800::', 56],
  ])('%s/%i keeps its own and its broadcast address', (text, length) => {
    const { addresses } = redactor();
    addresses.learnPrefix(ip(text), length);
    const low = addresses.of(ip(text));
    const size = typeof low === 'number' ? 32 : 128;
    expect(bits(low).slice(length)).toBe('0'.repeat(size - length));
    const ones = (1n << BigInt(size - length)) - 1n;
    const high = addresses.of(
      typeof low === 'number' ? Number(BigInt(ip(text)) | ones) : (ip(text) as bigint) | ones,
    );
    expect(bits(high).slice(length)).toBe('1'.repeat(size - length));
    expect(bits(high).slice(0, length)).toBe(bits(low).slice(0, length));
  });

  it('keep their order within a range that a rule names', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), fc.nat(0xffffffff), fc.nat(0xffffffff), (one, other, third) => {
        const { addresses } = redactor();
        const [low = 0, middle = 0, high = 0] = [one, other, third].toSorted((a, b) => a - b);
        addresses.learnRange(low, high);
        expect(addresses.of(low) <= addresses.of(middle) && addresses.of(middle) <= addresses.of(high)).toBe(
          true,
        );
      }),
    );
  });

  it('of cards lose their last bytes alone, also inside IPv6 addresses', () => {
    const { addresses } = redactor();
    const card = 0x001b21_a1b2c3;
    addresses.learnMac(card);
    const low = addresses.ofMac(card) % 2 ** 24;
    expect(Math.floor(addresses.ofMac(card) / 2 ** 24)).toBe(0x001b21);
    expect(low).not.toBe(0xa1b2c3);
    expect(Number((addresses.of(ip('fe80::21b:21ff:fea1:b2c3')) as bigint) & 0xffffffn)).toBe(low);
    expect(Number((addresses.of(ip('ff02::1:ffa1:b2c3')) as bigint) & 0xffffffn)).toBe(low);
    expect(addresses.ofMac(0x3333ff_a1b2c3)).toBe(0x3333ff * 2 ** 24 + low);
    for (const made of [0x0242ac110002, 0x525400123456, 0xffffffffffff, 0x01005e0000fb, 0, 0x00005e000101])
      expect(addresses.ofMac(made)).toBe(made);
  });
});

describe('names', () => {
  it('have one stand-in each, as long as they are', () => {
    const { names } = redactor();
    for (const name of ['shop-db-1', 'ledger.corp.example.com', 'Billing_API']) names.learn(name);
    const text = 'shop-db-1 talks to ledger.corp.example.com, LEDGER and br-shop; Billing_API shopping';
    const made = names.in(text);
    expect(made).toHaveLength(text.length);
    expect(made).not.toMatch(/shop\b|ledger|corp\b|billing|\bapi\b/i);
    expect(made).toMatch(
      /^(\w{4})-db-1 talks to (\w{6})\.\w{4}\.example\.com, [A-Z]{6} and br-\1; [A-Z]\w{6}_[A-Z]{3} shopping$/,
    );
    expect(made.split(' ')[4]?.toLowerCase()).toBe(/to (\w{6})/.exec(made)?.[1]);
    expect(names.in(text)).toBe(made);
  });

  it('that the dumps are written in stay', () => {
    const { names } = redactor();
    for (const name of ['filter', 'eth0', 'docker0', 'host', 'forward', 'lo', '12345', 'deadbeefcafe']) {
      names.learn(name);
      expect(names.in(name)).toBe(name);
    }
  });

  it('are never taken for each other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z]{3,6}$/), { maxLength: 60 }), (list) => {
        const { names } = redactor();
        for (const name of list) names.learn(name);
        expect(new Set(list.map((name) => names.in(name))).size).toBe(list.length);
      }),
    );
  });
});

describe('texts', () => {
  it.each([
    [
      '-A FORWARD -s 8.8.8.0/24 -d 10.0.0.2/32 -j DROP',
      /^-A FORWARD -s \d+\.\d+\.\d+\.0\/24 -d 10\.0\.0\.2\/32 -j DROP$/,
    ],
    ['-A POSTROUTING -j SNAT --to-source 8.8.4.10-8.8.4.20', /--to-source (\d+\.\d+\.\d+)\.10-\1\.20$/],
    [
      'tcp ESTAB 0 0 [2a00:1450::1]:443 [::ffff:8.8.8.8]:5000',
      /^tcp ESTAB 0 0 \[2[\da-f:]+::1\]:443 \[::ffff:[\da-f.:]+\]:5000$/,
    ],
    ['default via fe80::1 dev eth0 proto ra', /^default via fe80::1 dev eth0 proto ra$/],
    [
      'link/ether 02:42:ac:11:00:02 brd ff:ff:ff:ff:ff:ff',
      /^link\/ether 02:42:ac:11:00:02 brd ff:ff:ff:ff:ff:ff$/,
    ],
    [
      'link/ether 00:1b:21:a1:b2:c3 brd ff:ff:ff:ff:ff:ff',
      /^link\/ether 00:1b:21:(?!a1:b2:c3)[\da-f:]{8} brd ff:ff:ff:ff:ff:ff$/,
    ],
    ['iptables-save v1.8.9 on 10:20:30', /^iptables-save v1\.8\.9 on 10:20:30$/],
    ['nameserver 8.8.8.8', /^nameserver (?!8\.8\.8\.8)\d+\.\d+\.\d+\.8$/],
  ])('%s', (line, expected) => {
    const { text } = redactor();
    text.learn(line);
    expect(text.text(line)).toMatch(expected);
  });
});

function frames(path: string): Promise<{ bytes: Uint8Array; linkType: number }[]> {
  const source = openFile(path);
  if (!('read' in source)) throw new Error(path);
  const list: { bytes: Uint8Array; linkType: number }[] = [];
  return scanCapture(source, ({ bytes, linkType }) => list.push({ bytes: bytes.slice(), linkType })).then(
    () => list,
  );
}

const recorded = readdirSync('captures')
  .map((name) => `captures/${name}/bundle`)
  .flatMap((bundle) => {
    try {
      return walkDirectory(bundle, DEFAULT_LIMITS).files.map(({ path }) => path);
    } catch {
      return [];
    }
  })
  .filter((path) => /\.(pcap|pcapng)(\.gz)?$/.test(path));

/** What a packet is, but for addresses and names; also of those inside it. */
function shape(packet: Packet): unknown {
  const { ip: layer, tcp, udp, icmp, arp, dns } = packet;
  return {
    ip: layer && { ...layer, source: 0, destination: 0 },
    tcp: tcp && { ...tcp, checksum: 0 },
    udp: udp && { ...udp, checksum: 0 },
    icmp: icmp && {
      type: icmp.type,
      code: icmp.code,
      id: icmp.id,
      sequence: icmp.sequence,
      mtu: icmp.mtu,
      quoted: icmp.quoted && shape(icmp.quoted),
    },
    arp: arp?.operation,
    dns: dns && {
      ...dns,
      questions: dns.questions.map(({ name, type }) => [name.length, type]),
      answers: dns.answers.map(({ name, type, ttl }) => [name.length, type, ttl]),
    },
    vlans: packet.vlans,
    inner: packet.inner.map(shape),
    error: packet.error?.layer,
  };
}

function checksums(bytes: Uint8Array, packet: Packet): unknown {
  const skb = skbFromFrame(bytes, packet, 'wire' as never);
  const own =
    packet.ip?.family === 4
      ? fold(sumBytes(viewOf(bytes), packet.ip.offset, ((bytes[packet.ip.offset] ?? 0) & 15) * 4))
      : 0;
  return [
    skb && packet.ip && packet.ip.fragmentOffset === 0 ? transportChecksum(skb) : undefined,
    own === 0xffff,
  ];
}

describe('packets', () => {
  const some = recorded.filter((_, index) => index % 6 === 0);

  it.each(some)('of %s keep what they are, and their checksums right or wrong', async (path) => {
    const using = redactor();
    for (const { bytes, linkType } of await frames(path)) {
      const made = redactFrame(bytes, linkType, using);
      expect(made.length).toBe(bytes.length);
      const [before, after] = [dissect(frameOf(bytes, { linkType })), dissect(frameOf(made, { linkType }))];
      expect(shape(after)).toEqual(shape(before));
      expect(checksums(made, after)).toEqual(checksums(bytes, before));
    }
  });

  it('have the addresses and names that the texts have', () => {
    const using = redactor();
    using.names.learn('ledger.corp.example.com');
    const [frame] = capture({
      from: '8.8.8.8',
      to: '93.184.216.34',
      protocol: 17,
      sourcePort: 40000,
      destinationPort: 53,
      payload: question('ledger.corp.example.com'),
    } as never);
    const bytes = frame?.bytes ?? new Uint8Array();
    const packet = dissect(frameOf(redactFrame(bytes, 1, using)));
    expect(formatIp(packet.ip?.source as Ip)).toBe(using.text.text('8.8.8.8'));
    expect(formatIp(packet.ip?.destination as Ip)).toBe(using.text.text('93.184.216.34'));
    expect(packet.dns?.questions[0]?.name).toBe(using.names.in('ledger.corp.example.com'));
  });

  it('carry nothing any more', async () => {
    const using = redactor();
    const secret = new TextEncoder().encode('GET /account?password=hunter2 HTTP/1.1');
    const [frame] = capture({
      from: '10.0.0.1',
      to: '10.0.0.2',
      protocol: 6,
      sourcePort: 4711,
      destinationPort: 80,
      payload: secret,
    } as never);
    expect(Buffer.from(frame?.bytes ?? []).toString('latin1')).toContain('hunter2');
    expect(
      Buffer.from(redactFrame(frame?.bytes ?? new Uint8Array(), 1, using)).toString('latin1'),
    ).not.toMatch(/GET|hunter/);
  });

  it('may be anything, and cut anywhere', async () => {
    const using = redactor();
    for (const linkType of [1, 0, 101, 113, 276, 147])
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 200 }),
          (bytes) => redactFrame(bytes, linkType, using).length === bytes.length,
        ),
      );
    for (const path of some.slice(0, 6))
      for (const { bytes, linkType } of (await frames(path)).slice(0, 12))
        for (let length = 0; length < Math.min(bytes.length, 160); length++)
          redactFrame(bytes.subarray(0, length), linkType, using);
  });
});

function question(name: string): Uint8Array {
  const labels = name.split('.').flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  return new Uint8Array([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1]);
}

interface Found {
  readonly cause: string;
  readonly severity: string;
  readonly confidence: number;
  readonly rule?: { readonly table: string; readonly chain: string; readonly number: number };
}

async function analysed(path: string): Promise<unknown> {
  const { stdout } = await run(['analyze', path, '--format', 'json']);
  const { findings, flows, warnings } = JSON.parse(stdout);
  return {
    findings: findings.map(({ cause, severity, confidence, rule }: Found) => [
      cause,
      severity,
      confidence,
      rule && [rule.table, rule.chain, rule.number],
    ]),
    flows: flows.map(
      ({ protocol, status, packets }: { protocol: string; status: string; packets: object }) => [
        protocol,
        status,
        packets,
      ],
    ),
    warnings: warnings.length,
  };
}

describe('bundles', () => {
  it.each([
    'docker-forward-off-dnat',
    'docker-dns-rules-flushed',
    'dns-no-such-name',
    'dnat-to-a-ghost',
    'damaged-datagrams-leave-untranslated',
    'banned-by-a-set',
    'hosts-file-shadows-dns',
    'ipv6-forwarding-off',
    'rule-removed-between-two-saves',
    'connection-table-full',
  ])('%s is explained as before', async (name) => {
    const target = join(folder, name, 'bundle');
    expect(await redactBundle(`captures/${name}/bundle`, target, KEY)).toEqual([]);
    expect(await analysed(target)).toEqual(await analysed(`captures/${name}/bundle`));
  });

  it('have nothing left of what was to be replaced, wherever it stood', async () => {
    const from = join(folder, 'own', 'bundle');
    const write = (path: string, text: string | Uint8Array): void => {
      mkdirSync(dirname(join(from, path)), { recursive: true });
      writeFileSync(join(from, path), text);
    };
    write(
      'manifest.json',
      JSON.stringify({
        format: 'nettrace-bundle/1',
        host: 'gatekeeper',
        namespaces: [{ name: 'host' }, { name: 'ledger', container: 'ledger' }],
        files: [
          {
            path: 'captures/ledger/eth0.pcap',
            namespace: 'ledger',
            interface: 'eth0',
            command: "tcpdump -w x 'host 93.184.216.34'",
          },
        ],
      }),
    );
    write(
      'namespaces/ledger/resolv.conf',
      '# by gatekeeper\nsearch acme-widgets.com\nnameserver 93.184.216.53\n',
    );
    write('namespaces/ledger/hosts', '172.17.0.2 ledger.acme-widgets.com ledger\n');
    write(
      'namespaces/host/ip-addr.txt',
      '2: br-ledger: <UP> mtu 1500\n    link/ether 00:1b:21:a1:b2:c3 brd ff:ff:ff:ff:ff:ff\n    inet 93.184.216.34/24 brd 93.184.216.255 scope global br-ledger\n    inet6 fe80::21b:21ff:fea1:b2c3/64 scope link\n',
    );
    write(
      'namespaces/host/iptables-save.txt',
      '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -s 93.184.216.0/24 -i br-ledger -j DROP\nCOMMIT\n',
    );
    write(
      'docker/containers.json',
      JSON.stringify([
        {
          Id: 'a'.repeat(64),
          Name: '/ledger',
          Config: { Hostname: 'ledger', Env: ['KEY=topsecret'], Image: 'registry.acme-widgets.com/books:1' },
          State: { Pid: 9 },
          NetworkSettings: { Networks: { bridge: {}, 'customer-net': {} } },
        },
      ]),
    );
    write(
      'processes.txt',
      'UID        PID  PPID  C STIME TTY          TIME CMD\nroot         9     1  0 10:00 ?        00:00:00 /usr/bin/books --token topsecret\n',
    );
    write('notes-of-gatekeeper.txt', '10.0.0.1 dev br-ledger lladdr 00:1b:21:a1:b2:c3 STALE\n');
    const { sink, bytes } = collector();
    const [frame] = capture({
      from: '93.184.216.34',
      to: '93.184.216.53',
      fromMac: '00:1b:21:a1:b2:c3',
      protocol: 17,
      sourcePort: 40000,
      destinationPort: 53,
      payload: question('ledger.acme-widgets.com'),
    } as never);
    pcapWriter(sink, { linkType: 1 })(frame as never);
    write('captures/ledger/eth0.pcap', bytes());
    const to = join(folder, 'own', 'redacted');
    expect(await redactBundle(from, to, KEY)).toEqual([]);
    const { files } = walkDirectory(to, DEFAULT_LIMITS);
    expect(files).toHaveLength(9);
    for (const { path, name } of files) {
      const text = `${name}\n${readFileSync(path).toString('latin1')}`;
      expect(text, name).not.toMatch(
        /gatekeeper|ledger|customer|acme|widgets|books|topsecret|93\.184\.216|a1:b2:c3|a1b2:?c3|fea1/i,
      );
      expect(text.includes('\x5d\xb8\xd8'), name).toBe(false);
    }
    const manifest = JSON.parse(readFileSync(join(to, 'manifest.json'), 'utf8'));
    const [, space] = manifest.namespaces;
    expect(files.map(({ name }) => name)).toContain(manifest.files[0].path);
    expect(manifest.files[0].path).toBe(`captures/${space.name}/eth0.pcap`);
    const line = /-s (\S+)\.0\/24 -i br-(\w+) /.exec(
      readFileSync(join(to, 'namespaces/host/iptables-save.txt'), 'utf8'),
    );
    expect(line?.[2]).toBe(space.name);
    expect(manifest.files[0].command).toContain(`host ${line?.[1]}.34`);
    const [only] = await frames(join(to, manifest.files[0].path));
    const packet = dissect(frameOf(only?.bytes ?? new Uint8Array()));
    expect(formatIp(packet.ip?.source as Ip)).toBe(`${line?.[1]}.34`);
    expect(packet.dns?.questions[0]?.name.split('.')[0]).toBe(space.name);
    expect((await run(['analyze', to])).stderr).toBe('');
  });
});
