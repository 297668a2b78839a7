import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { analyzeFiles } from '../support/expectation.ts';

/**
 * The same captures with one dump that says otherwise: what looked like the cause is not it. Each row changes one text of
 * a recorded bundle, and then the cause may be a suspicion at most.
 */
const ROWS: readonly {
  readonly bundle: string;
  readonly because: string;
  readonly file: string;
  readonly change: readonly [string | RegExp, string];
  readonly also?: readonly [string, string | RegExp, string];
  readonly not: string;
}[] = [
  {
    bundle: 'masquerade-added-while-pinging',
    because: 'the entry is translated: the rule did apply',
    file: 'host/conntrack.txt',
    change: ['[UNREPLIED] src=192.0.2.53 dst=10.77.4.9', '[UNREPLIED] src=192.0.2.53 dst=203.0.113.77'],
    not: 'nat-rule-after-flow',
  },
  {
    bundle: 'masquerade-added-while-pinging',
    because: 'conntrack holds no such connection: the next packet is a first one',
    file: 'host/conntrack.txt',
    change: [/^.*dst=192\.0\.2\.53 .*\n/m, ''],
    not: 'nat-rule-after-flow',
  },
  {
    bundle: 'syslog-to-the-old-collector',
    because: 'the entry and the rule agree',
    file: 'host/conntrack.txt',
    change: ['src=10.31.0.6 dst', 'src=10.31.0.7 dst'],
    not: 'nat-stale-udp',
  },
  {
    bundle: 'syslog-to-the-old-collector',
    because: 'the rule still leads to the old address: nothing is stale, somebody is missing there',
    file: 'host/iptables-save.txt',
    change: ['--to-destination 10.31.0.7:1514', '--to-destination 10.31.0.6:1514'],
    not: 'nat-stale-udp',
  },
  {
    bundle: 'datagrams-before-the-rule',
    because: 'the rule is for TCP and was never meant for them',
    file: 'host/iptables-save.txt',
    change: ['-p udp -m udp --dport 8125', '-p tcp -m tcp --dport 8125'],
    not: 'nat-udp-pinned-no-nat',
  },
  {
    bundle: 'three-connections-two-ports',
    because: 'one of the ports is free',
    file: 'host/conntrack.txt',
    change: [/^.*sport=35002 .*\n/m, ''],
    not: 'nat-snat-ports-exhausted',
  },
  {
    bundle: 'notrack-before-dnat',
    because: 'the rule is for another port',
    file: 'host/iptables-save.txt',
    change: ['--dport 8444 -j CT --notrack', '--dport 8555 -j CT --notrack'],
    not: 'nat-notrack',
  },
  {
    bundle: 'snat-to-a-foreign-address',
    because: 'the host has the address',
    file: 'host/ip-addr.json',
    change: [/"local": ?"198\.51\.100\.89"/, '"local":"198.51.100.90"'],
    not: 'nat-snat-foreign-ip',
  },
  {
    bundle: 'answer-from-another-address',
    because: 'the server is bound to the address it is asked by',
    file: 'host/ss.txt',
    change: ['0.0.0.0:53', '192.168.77.1:53'],
    not: 'src-addr-selection',
  },
  {
    bundle: 'service-address-on-one-bridge',
    because: 'client and server are not on one link of the translating host',
    file: 'host/ip-addr.json',
    change: [/"local": ?"172\.28\.3\.1","prefixlen": ?24/, '"local":"172.28.3.1","prefixlen":30'],
    not: 'nat-hairpin-same-bridge',
  },
  {
    bundle: 'connection-table-full',
    because: 'there is room in the table, and the log is of another namespace',
    file: 'host/sysctl.txt',
    change: ['nf_conntrack_count = 262144', 'nf_conntrack_count = 1044'],
    also: ['host/dmesg.txt', /in netns \d+/g, 'in netns 4026531840'],
    not: 'ct-table-full',
  },
  {
    bundle: 'everything-masqueraded',
    because: 'a mark chooses what is masqueraded: somebody meant it',
    file: 'host/iptables-save.txt',
    change: ['-A POSTROUTING -j MASQUERADE', '-A POSTROUTING -m mark ! --mark 0x1 -j MASQUERADE'],
    not: 'nat-masquerade-too-broad',
  },
  {
    bundle: 'denied-port-that-answers',
    because: 'ufw allows the port',
    file: 'host/iptables-save.txt',
    change: ['--dport 6379 -j DROP', '--dport 6379 -j ACCEPT'],
    not: 'flt-ufw-bypass',
  },
  {
    bundle: 'rules-that-iptables-refused',
    because: 'iptables takes the line',
    file: 'host/rules.v4',
    change: [/--dport 8088 .*/, '-p tcp --dport 8088 -j DNAT --to-destination 10.44.70.3:80'],
    not: 'cmd-iptables-rejected',
  },
  {
    bundle: 'parallel-queries-race',
    because: 'no connection failed to be entered: it is some other loss',
    file: 'host/conntrack-stats.txt',
    change: ['insert_failed=1', 'insert_failed=0'],
    not: 'ct-dns-race',
  },
  {
    bundle: 'masquerade-in-nft-for-another-line',
    because: 'the rule is for the uplink that is there',
    file: 'host/nft-ruleset.txt',
    change: ['"enp1s0"', '"enp5s0"'],
    not: 'nat-masquerade-mismatch',
  },
  {
    bundle: 'nft-dnat-for-another-interface',
    because: 'the rule is for another port',
    file: 'host/nft-ruleset.json',
    change: ['"right": 1194', '"right": 1195'],
    not: 'nat-dnat-mismatch',
  },
  {
    bundle: 'fourth-login-in-a-minute',
    because: 'no rule counts what came before',
    file: 'host/iptables-save.txt',
    change: [/^.*--hitcount 4.*\n/m, ''],
    not: 'flt-rate-limit',
  },
  {
    bundle: 'burst-beyond-the-hashlimit',
    because: 'the limited rule is for another line',
    file: 'host/iptables-save.txt',
    change: ['-A FORWARD -i ens192', '-A FORWARD -i ens256'],
    not: 'flt-rate-limit',
  },
  {
    bundle: 'more-connections-than-nft-allows',
    because: 'the limit is for another port',
    file: 'host/nft-ruleset.json',
    change: ['"right": 3306', '"right": 3307'],
    not: 'flt-rate-limit',
  },
  {
    bundle: 'answers-stopped-at-the-asker',
    because: 'INPUT lets everything in',
    file: 'workstation/iptables-save.txt',
    change: [':INPUT DROP', ':INPUT ACCEPT'],
    not: 'flt-input-drop',
  },
  {
    bundle: 'no-way-back-not-even-a-loose-one',
    because: 'nobody checks where it comes from',
    file: 'inner/sysctl.txt',
    change: ['transit0.rp_filter = 2', 'transit0.rp_filter = 0'],
    not: 'rpf-strict-drop',
  },
  {
    bundle: 'neighbour-questions-in-the-bridge',
    because: 'what is switched passes no ip6tables',
    file: 'host/sysctl.txt',
    change: ['bridge-nf-call-ip6tables = 1', 'bridge-nf-call-ip6tables = 0'],
    not: 'flt-bridge-nf-drop',
  },
];

const scratch = mkdtempSync(join(tmpdir(), 'nettrace-near-miss-nat-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('what only looks like it', () => {
  it.each(ROWS)('$bundle, not $not: $because', async ({ bundle, file, change, also, not }) => {
    const copy = join(scratch, bundle);
    rmSync(copy, { recursive: true, force: true });
    cpSync(join('captures', bundle, 'bundle'), copy, { recursive: true });
    for (const [name, from, to] of [[file, ...change] as const, ...(also ? [also] : [])]) {
      const path = join(copy, 'namespaces', name);
      const before = readFileSync(path, 'utf8');
      const after = before.replace(from, to);
      expect(after).not.toBe(before);
      writeFileSync(path, after);
    }
    const { findings } = await analyzeFiles(copy);
    const said = findings.filter(({ cause, confidence }) => cause === not && confidence >= 0.6);
    expect(said.map(({ title }) => title)).toEqual([]);
  });
});
