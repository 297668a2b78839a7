/** Commands in the remarks of a file are no session: the file is the one dump that it is. */
import { describe, expect, it } from 'vitest';
import { recogniseDump } from '../../src/dump/recognise.ts';
import { readTranscript } from '../../src/input/transcript.ts';

const RULES = ['*filter', ':INPUT DROP [0:0]', '-A INPUT -i lo -j ACCEPT', 'COMMIT'];

describe('a file with commands in its remarks', () => {
  it.each([
    [
      'an empty remark',
      ['#', ...RULES, '', '', '*nat', '-A POSTROUTING -j MASQUERADE', 'COMMIT'],
      'iptables-save',
    ],
    [
      'a rule taken out, on top',
      ['# iptables -A INPUT -p tcp --dport 22 -j ACCEPT', ...RULES],
      'iptables-save',
    ],
    [
      'a rule taken out, below',
      [...RULES.slice(0, 3), '# iptables -P INPUT ACCEPT', 'COMMIT'],
      'iptables-save',
    ],
    [
      'two of them',
      [...RULES.slice(0, 2), '# iptables -L -n', RULES[2] ?? '', '# iptables -F', 'COMMIT'],
      'iptables-save',
    ],
    [
      'settings',
      ['net.ipv4.ip_forward = 1', '# sysctl -w net.ipv4.tcp_syncookies=0', 'net.ipv4.tcp_syncookies = 1'],
      'sysctl',
    ],
  ])('%s', (_, lines, format) => {
    const text = `${lines.join('\n')}\n`;
    expect(readTranscript('file', text)).toBeUndefined();
    expect(recogniseDump('file', text)?.format).toBe(format);
  });

  it('root’s prompt is still one', () => {
    const lines = [
      '# ip route',
      'default via 192.0.2.1 dev eth0',
      '# sysctl net.ipv4.ip_forward',
      'net.ipv4.ip_forward = 0',
    ];
    const read = readTranscript('file', lines.join('\n'));
    expect(read?.dumps.map(({ dump }) => dump.format)).toEqual(['ip-route', 'sysctl']);
    const script = readTranscript('file', '# ip netns add one\n# ip link add a type veth peer name b\n');
    expect(script?.commands).toHaveLength(2);
  });
});

describe('what iptables-restore takes besides what iptables-save prints', () => {
  it.each([
    ['a blank behind the asterisk', '* nat\n-N WEB\n-A PREROUTING -j WEB\nCOMMIT\n', ['nat']],
    ['commands as they are typed', '*raw\n-F\n-X\n-N first\n-I PREROUTING 1 -j first\nCOMMIT\n', ['raw']],
  ])('%s', (_, text, tables) => {
    const dump = recogniseDump('file', text);
    expect([dump?.format, dump?.issues]).toEqual(['iptables-save', []]);
    if (dump?.content.kind === 'ruleset') expect([...dump.content.ruleset.tables.keys()]).toEqual(tables);
  });

  it('lines for one family in a file for both say nothing of its family', () => {
    const text = '*filter\n-6 -A INPUT -p icmpv6 -j ACCEPT\n-4 -A INPUT -p icmp -j ACCEPT\nCOMMIT\n';
    const dump = recogniseDump('file', text);
    expect(dump?.content.kind === 'ruleset' && dump.content.ruleset.family).toBe(4);
  });
});
