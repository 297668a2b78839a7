import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recogniseDump } from '../../src/dump/recognise.ts';

const SHARED = '../shared';

/** Which formats the public samples of a kind are; the key is how their names begin. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'brctl-show': ['brctl-show'],
  conntrack: ['conntrack'],
  // One is an exec instance of the Engine API.
  'docker-inspect': ['docker-inspect', 'docker-network', 'docker-exec-json'],
  ifconfig: ['ifconfig'],
  'ip-addr': ['ip-addr', 'ip-link'],
  'ip-link': ['ip-link'],
  // Some are of other commands: `iptables -S` of a router's namespace, traceroute, what cloud-init prints.
  'ip-route': ['ip-route', 'iptables-s', 'proc-net-route', 'traceroute', 'netinfo'],
  'ip-rule': ['ip-rule'],
  'ipset-list': ['ipset-list'],
  'ipset-save': ['ipset-save'],
  'iptables-L': ['iptables-l'],
  'iptables-S': ['iptables-s'],
  'iptables-save-with-prompt': ['iptables-save'],
  // One holds a text under a JSON name.
  'cloud-init-netinfo': ['netinfo'],
  'ip-vrf': ['ip-vrf'],
  nmcli: ['nmcli'],
  'proc-net': [
    'proc-net-dev',
    'proc-net-dev-mcast',
    'proc-net-if-inet6',
    'proc-net-igmp',
    'proc-net-netlink',
    'proc-net-protocols',
    'proc-net-sockets',
    'proc-net-unix',
  ],
  'ufw-status': ['ufw'],
  'nft-json': ['nft-json', 'nft'],
  'nft-ruleset': ['nft'],
  'route-n': ['route-n'],
  ss: ['ss'],
};

/** Files that were collected under a kind whose command didn't print them. */
const MISFILED: readonly (readonly [RegExp, string])[] = [
  [/^iptables-S__batfish/, 'a host as Batfish describes it'],
  [/^ipset-list__(?:projectcalico|puppetlabs|tailscale)/, 'source code with a field of that name'],
  [/^nft-json__projectcalico/, "Calico's own state"],
];

/** Files whose every line isn't one that the command prints, and why. */
const ODD: readonly (readonly [RegExp, string])[] = [
  [/^ifconfig__.*freebsd/, 'FreeBSD'],
  [/^ip-route__(?:acore2026|aws)/, 'comments and dots between the lines'],
  [/^ip-rule__aws/, 'comments behind the lines'],
  [/^ip-route__firehol/, "firehol's own syntax: gateways by the names of its links"],
  [/^ip-route__openstack-neutron/, "keepalived's syntax: no_track; placeholders"],
  [/^iptables-(?:save|L)/, 'rules are judged by xtables'],
  [/^nft-ruleset__.*(?:xtables-nft\.8|0043chain_ingress)/, 'backslashes of the text around it'],
  [/^nft-ruleset__vyos.*nftables-nat/, 'its last table is not closed'],
  [/^nft-ruleset__(?:QubesOS|antrea|fishilico|firewalld)/, 'source code around the ruleset, macros in it'],
  [/^route-n__.*route-ee/, 'printed without -n: a gateway by name'],
];

const dumps = existsSync(`${SHARED}/corpus/dumps`) ? readdirSync(`${SHARED}/corpus/dumps`) : [];

describe.runIf(dumps.length > 0)('public samples', () => {
  it.each(Object.entries(KINDS))('of %s', (kind, formats) => {
    const names = dumps.filter((name) => name.startsWith(`${kind}__`));
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const dump = recogniseDump(name, readFileSync(`${SHARED}/corpus/dumps/${name}`, 'utf8'));
      const misfiled = MISFILED.find(([pattern]) => pattern.test(name));
      if (misfiled) {
        expect(dump?.format, `${name}: ${misfiled[1]}`).toBeUndefined();
        continue;
      }
      expect(formats, name).toContain(dump?.format);
      if (ODD.some(([pattern]) => pattern.test(name)) || dump?.content.kind === 'unused') continue;
      expect(dump?.issues, name).toEqual([]);
    }
  });

  it('of other commands are not taken for a dump that they are not', () => {
    const known = new Set([...Object.keys(KINDS), 'arp', 'netstat']);
    const others = dumps.filter((name) => !known.has(name.split('__')[0] ?? ''));
    const taken = others.flatMap((name) => {
      const dump = recogniseDump(name, readFileSync(`${SHARED}/corpus/dumps/${name}`, 'utf8'));
      return dump ? [`${name}: ${dump.format}`] : [];
    });
    // Under ip-json are a list of links, events of retis and the state of a team.
    expect(taken.filter((line) => !/^ip-json__.*: (?:ip-link|retis|teamdctl)-json$/.test(line))).toEqual([]);
  });

  it('without numbers lose only the lines with names', () => {
    for (const name of dumps.filter((name) => /^(?:arp|netstat)__/.test(name))) {
      const dump = recogniseDump(name, readFileSync(`${SHARED}/corpus/dumps/${name}`, 'utf8'));
      for (const issue of dump?.issues ?? []) {
        expect(issue.text, name).toMatch(/^`(?:_gateway|(?:tcp|udp)\S*\s+\d+\s+\d+ .*[a-z])/);
      }
    }
  });
});

const bundles = existsSync(`${SHARED}/scenarios`)
  ? readdirSync(`${SHARED}/scenarios`, { recursive: true, encoding: 'utf8' }).filter(
      (name) =>
        /\/bundle\/(?:namespaces|docker|processes)/.test(name) && /\.(?:txt|json|conf)$|\/hosts$/.test(name),
    )
  : [];

describe.runIf(bundles.length > 0)('bundles', () => {
  it('are read without an issue', () => {
    for (const name of bundles) {
      const dump = recogniseDump(name, readFileSync(`${SHARED}/scenarios/${name}`, 'utf8'), name);
      expect(dump, name).toBeDefined();
      const own = dump?.content.kind === 'ruleset' ? [] : dump?.issues;
      expect(own, name).toEqual([]);
      expect(dump?.path, name).toBe(name);
    }
  });

  it('give the same format by content alone', () => {
    for (const name of bundles) {
      const text = readFileSync(`${SHARED}/scenarios/${name}`, 'utf8');
      if (/^\s*(?:\[\s*\])?\s*$/.test(text)) continue;
      expect(recogniseDump('x', text)?.format, name).toBe(recogniseDump('x', text, name)?.format);
    }
  });
});
