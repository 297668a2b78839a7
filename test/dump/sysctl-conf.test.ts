import { describe, expect, it } from 'vitest';
import { sysctl } from '../../src/snapshot/sysctl.ts';
import { netnsOf, snapshotOf } from '../snapshot/dumps.ts';
import { contentOf, read } from './same.ts';

const settings = (path: string, text: string, hint?: string) => {
  const dump = read(path, text, hint);
  return [
    dump.format,
    [...contentOf(dump, 'boot-sysctls').sysctls].map(
      ([name, { value, span }]) => `${name} ${value} ${span.line}`,
    ),
    dump.issues.map(({ line }) => line),
  ];
};

describe('sysctl.conf and sysctl.d', () => {
  it.each<[string, string, string[], number[]]>([
    [
      'comments, blanks, signs',
      '# net.ipv4.ip_forward=0\n; a remark\n\nnet.ipv4.ip_forward = 1\n-net/ipv4/conf/eth0.7/rp_filter=2\n',
      ['net.ipv4.ip_forward 1 4', 'net.ipv4.conf.eth0/7.rp_filter 2 5'],
      [],
    ],
    [
      'no blanks around the sign',
      'net.ipv4.ip_forward=1\nnet.core.somaxconn=1024',
      ['net.ipv4.ip_forward 1 1', 'net.core.somaxconn 1024 2'],
      [],
    ],
    [
      'a pattern, and what is left out of it',
      '-net.ipv4.conf.default.rp_filter\nnet.ipv4.conf.*.rp_filter=2',
      ['net.ipv4.conf.all.rp_filter 2 2'],
      [],
    ],
    [
      'a line that is none',
      '# x\nnet.ipv4.ip_forward=1\nnet.core.somaxconn=1\nforwarding please',
      ['net.ipv4.ip_forward 1 2', 'net.core.somaxconn 1 3'],
      [4],
    ],
    [
      'several files in the order of boot, not of the paste',
      '==> /etc/sysctl.conf <==\nnet.ipv4.ip_forward=0\n\n==> /etc/sysctl.d/99-docker.conf <==\nnet.ipv4.ip_forward=1\nnet.core.somaxconn=2\n==> /usr/lib/sysctl.d/50-default.conf <==\nnet.core.somaxconn=1\n',
      ['net.core.somaxconn 2 6', 'net.ipv4.ip_forward 0 2'],
      [],
    ],
    [
      'several files by grep',
      '/etc/sysctl.d/99-z.conf:net.ipv4.ip_forward=1\n/etc/sysctl.d/10-a.conf:12:net.ipv4.ip_forward=0\n',
      ['net.ipv4.ip_forward 1 1'],
      [],
    ],
  ])('%s', (_, text, expected, lines) => {
    expect(settings('any', text)).toEqual(['sysctl-conf', expect.arrayContaining(expected), lines]);
    expect(settings('any', text)[1]).toHaveLength(expected.length);
  });

  it.each<[string, string, string | undefined]>([
    ['what sysctl prints', 'net.ipv4.ip_forward = 1\nnet.core.somaxconn = 4096', undefined],
    [
      'what sysctl --system prints',
      '* Applying /etc/sysctl.d/99-x.conf ...\nnet.ipv4.ip_forward = 1',
      undefined,
    ],
    ['a list', '* net.ipv4.ip_forward = 1\n- net.core.somaxconn = 4096', undefined],
    ['files of /proc/sys', '/proc/sys/net/ipv4/ip_forward:1', undefined],
    ["a bundle's sysctl.txt", '# collected\nnet.ipv4.ip_forward=1', 'namespaces/host/sysctl.txt'],
  ])('are not %s', (_, text, hint) => {
    const dump = read('x', text, hint);
    expect(dump.format).toBe('sysctl');
    expect(contentOf(dump, 'sysctls').sysctls.get('net.ipv4.ip_forward')?.value).toBe('1');
  });

  it('that hold remarks alone are told by their name', () => {
    expect(settings('/etc/sysctl.conf', '# nothing\n#net.ipv4.ip_forward=1\n', '/etc/sysctl.conf')).toEqual([
      'sysctl-conf',
      [],
      [],
    ]);
  });
});

describe('what is set at boot', () => {
  const FILE = 'net.ipv4.ip_forward=1\nnet.ipv4.conf.default.rp_filter=1\n';

  it('is assumed where nobody dumped what stands, and said', () => {
    const netns = netnsOf(snapshotOf({ 'sysctl.conf': FILE }).snapshot);
    expect(netns.sysctls).toBeUndefined();
    expect(sysctl(netns, 'net.ipv4.ip_forward')).toMatchObject({
      value: '1',
      assumed:
        'sysctl.conf sets net.ipv4.ip_forward at boot; whether it stands `sysctl net.ipv4.ip_forward` tells',
      span: { line: 1 },
    });
    expect(sysctl(netns, 'net.ipv4.conf.eth0.rp_filter')).toMatchObject({ value: '1', span: { line: 2 } });
  });

  it('gives way to what stands, and the difference is said', () => {
    const { snapshot, issues } = snapshotOf({ 'sysctl.conf': FILE, 'now.txt': 'net.ipv4.ip_forward = 0\n' });
    expect(sysctl(netnsOf(snapshot), 'net.ipv4.ip_forward')).toEqual({
      value: '0',
      span: { path: 'now.txt', line: 1 },
    });
    expect(issues.map(({ code, path, line }) => [code, path, line])).toEqual([
      ['sysctl-boot-differs', 'sysctl.conf', 1],
    ]);
  });

  it('of several files is what the last by name sets', () => {
    const { snapshot } = snapshotOf({
      '99-x.conf': FILE,
      'sysctl.conf': 'net.ipv4.ip_forward=2',
      '10-y.conf': 'net.ipv4.ip_forward=3',
    });
    expect(sysctl(netnsOf(snapshot), 'net.ipv4.ip_forward')?.value).toBe('2');
  });
});
