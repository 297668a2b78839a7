import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DockerContainer, DockerNetwork } from '../../src/dump/records.ts';
import { resolveInputs } from '../../src/input/resolve.ts';
import { type Family, type Ip, parseIp } from '../../src/net/ip.ts';
import { type Prefix, parsePrefix } from '../../src/net/prefix.ts';
import { readRuleset } from '../../src/nft/text/read.ts';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import type { Netns } from '../../src/snapshot/snapshot.ts';
import { type Comparison, compareEngine, compareFamily } from '../../src/topology/engine/compare.ts';
import { iptablesRules } from '../../src/topology/engine/iptables-rules.ts';
import type { EngineNetwork, EngineState, GatewayMode } from '../../src/topology/engine/state.ts';
import { parseSave } from '../../src/xtables/parse.ts';

const span = { path: 'inspect.json', line: 1 };
const ip = (text: string) => parseIp(text) as Ip;
const prefix = (text: string) => parsePrefix(text) as Prefix;

/** A host with Docker on docker0 (172.17.0.0/16) and on net back (10.9.0.0/24, br-0123456789ab). */
const NETWORKS: readonly DockerNetwork[] = [
  network('bridge', 'docker0', '172.17.0.0/16', [['web', '172.17.0.2']]),
  network('back', 'br-0123456789ab', '10.9.0.0/24', [['db', '10.9.0.2']]),
  { ...network('host', '', '0.0.0.0/32', []), driver: 'host', subnets: [] },
];

function network(
  name: string,
  bridge: string,
  subnet: string,
  members: readonly (readonly [string, string])[],
): DockerNetwork {
  return {
    id: '',
    name,
    driver: 'bridge',
    bridge,
    internal: false,
    icc: true,
    masquerade: true,
    subnets: [{ subnet: prefix(subnet) }],
    options: {},
    members: members.map(([member, address]) => ({ name: member, address: ip(address), span })),
    span,
  };
}

const CONTAINERS: readonly DockerContainer[] = [
  container('web', 'bridge', '172.17.0.2', 16, [[8080, 80]]),
  container('db', 'back', '10.9.0.2', 24, []),
];

function container(
  name: string,
  net: string,
  address: string,
  length: number,
  ports: readonly (readonly [number, number])[],
): DockerContainer {
  return {
    id: name,
    name,
    running: true,
    networkMode: net,
    endpoints: [{ network: net, address: ip(address), length }],
    published: ports.map(([hostPort, containerPort]) => ({ protocol: 'tcp', hostPort, containerPort, span })),
    dns: [],
    span,
  };
}

const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o br-0123456789ab -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o br-0123456789ab -j DOCKER
-A FORWARD -i br-0123456789ab ! -o br-0123456789ab -j ACCEPT
-A FORWARD -i br-0123456789ab -o br-0123456789ab -j ACCEPT
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i br-0123456789ab ! -o br-0123456789ab -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o br-0123456789ab -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 10.9.0.0/24 ! -o br-0123456789ab -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i br-0123456789ab -j RETURN
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
`;

function compared(rules: string, docker = { containers: CONTAINERS, networks: NETWORKS }): Comparison {
  const { ruleset, issues } = parseSave(rules, 'iptables-save.txt');
  expect(issues).toEqual([]);
  const host: Netns = { name: 'host', inferred: false, rulesets4: [ruleset] };
  return compareEngine({ docker }, host) as Comparison;
}

/** `missing CHAIN RULE`, `stale RULE`, `hidden RULE by CHAIN N`, `foreign RULE`. */
function said({ missing, stale, shadowed, foreign }: Comparison): string[] {
  return [
    ...missing.map(({ expected }) => `missing ${expected.chain} ${expected.forms[0]}`),
    ...stale.map(
      ({ rule, gone }) =>
        `stale ${rule.rule.text}${gone.now ? ` (now ${gone.now})` : ''}${gone.instead ? ` (instead ${gone.instead.container})` : ''}`,
    ),
    ...shadowed.map(({ rule, by }) => `hidden ${rule.rule.text} by ${by.chain} ${by.number}`),
    ...foreign.map(({ rule }) => `foreign ${rule.text}`),
  ];
}

const ACCEPT_WEB = '-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT';
const DNAT_WEB = '-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80';

const CHANGES: readonly (readonly [
  what: string,
  from: string | RegExp,
  to: string,
  said: readonly string[],
])[] = [
  ['nothing', '', '', []],
  ['a DNAT rule less', `${DNAT_WEB}\n`, '', [`missing ${DNAT_WEB.slice(3)}`]],
  [
    'the isolation of one network less',
    '-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP\n',
    '',
    ['missing DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP'],
  ],
  [
    'a rule for an address that nobody has',
    DNAT_WEB,
    `-A DOCKER ! -i docker0 -p tcp -m tcp --dport 9000 -j DNAT --to-destination 172.17.0.9:90\n${DNAT_WEB}`,
    ['stale -A DOCKER ! -i docker0 -p tcp -m tcp --dport 9000 -j DNAT --to-destination 172.17.0.9:90'],
  ],
  [
    'the port still leads to where the container was',
    '--to-destination 172.17.0.2:80',
    '--to-destination 172.17.0.7:80',
    [`missing ${DNAT_WEB.slice(3)}`, `stale ${DNAT_WEB.replace('0.2:80', '0.7:80')} (instead web)`],
  ],
  [
    'the address of a rule is another container’s by now',
    DNAT_WEB,
    `-A DOCKER ! -i br-0123456789ab -p tcp -m tcp --dport 5432 -j DNAT --to-destination 10.9.0.2:5432\n${DNAT_WEB}`,
    [
      'stale -A DOCKER ! -i br-0123456789ab -p tcp -m tcp --dport 5432 -j DNAT --to-destination 10.9.0.2:5432 (now db)',
    ],
  ],
  [
    'the old rule in front of the new one',
    DNAT_WEB,
    `-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.7:80\n${DNAT_WEB}`,
    [`stale ${DNAT_WEB.replace('0.2:80', '0.7:80')} (instead web)`, `hidden ${DNAT_WEB} by DOCKER 3`],
  ],
  [
    'the rule of a container’s address outside of all networks that are known',
    DNAT_WEB,
    `-A DOCKER ! -i docker0 -p tcp -m tcp --dport 9000 -j DNAT --to-destination 10.77.0.9:90\n${DNAT_WEB}`,
    [],
  ],
  [
    'everything forwarded is refused before Docker’s rules',
    '-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n',
    '-A FORWARD -j REJECT --reject-with icmp-host-prohibited\n-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n',
    [
      'hidden -A FORWARD -j DOCKER-ISOLATION-STAGE-1 by FORWARD 2',
      'hidden -A FORWARD -o docker0 -j DOCKER by FORWARD 2',
      'hidden -A FORWARD -i docker0 ! -o docker0 -j ACCEPT by FORWARD 2',
      `hidden ${ACCEPT_WEB} by FORWARD 2`,
      '…',
    ],
  ],
  [
    'a chain of somebody else refuses some sources before Docker’s rules',
    '-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n',
    '-A FORWARD -s 198.51.100.0/24 -j DROP\n-A FORWARD -i virbr0 -j REJECT\n-A FORWARD -p tcp -m tcp --dport 22 -j DROP\n-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n',
    [],
  ],
  [
    'a rule in front drops what comes to the port',
    '-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n',
    '-A FORWARD -o docker0 -p tcp -m tcp --dport 80 -m conntrack --ctstate NEW -j DROP\n-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n',
    [`hidden ${ACCEPT_WEB} by FORWARD 2`],
  ],
  [
    'what is no new connection is dropped in front',
    '-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n',
    '-A FORWARD -m conntrack --ctstate INVALID -j DROP\n-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n',
    [],
  ],
  [
    'another forward for the same port in PREROUTING',
    '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n',
    '-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 3000\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n',
    [`hidden ${DNAT_WEB} by PREROUTING 1`],
  ],
  [
    'somebody’s rule in Docker’s own chain',
    ACCEPT_WEB,
    `-A DOCKER -m limit --limit 5/min -j LOG --log-prefix "docker "\n${ACCEPT_WEB}`,
    ['foreign -A DOCKER -m limit --limit 5/min -j LOG --log-prefix "docker "'],
  ],
  [
    'rules with comments',
    '-A FORWARD -o docker0 -j DOCKER',
    '-A FORWARD -o docker0 -m comment --comment "by hand" -j DOCKER',
    [],
  ],
];

describe('Docker’s rules against those that are there', () => {
  it.each(CHANGES)('%s', (_, from, to, expected) => {
    const changed = RULES.replace(from, to);
    expect(changed === RULES).toBe(from === to);
    const result = compared(changed);
    expect(result.generation).toBe('stages');
    const more = expected.at(-1) === '…';
    const wanted = more ? expected.slice(0, -1) : [...expected];
    expect(said(result)).toEqual(more ? expect.arrayContaining(wanted) : wanted);
  });

  it('all rules are missed after a flush of everything, and a table that was not dumped is not', () => {
    const flushed = compared(
      '*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n',
    );
    expect(flushed.generation).toBeUndefined();
    expect(flushed.present).toBe(0);
    expect(said(flushed)).toContain(`missing ${DNAT_WEB.slice(3)}`);
    const part = compared(RULES.slice(RULES.indexOf('*nat')).replace(`${DNAT_WEB}\n`, ''));
    expect(said(part)).toEqual([`missing ${DNAT_WEB.slice(3)}`]);
  });

  it('networks that nobody inspected have what bridge they may', () => {
    const rules = RULES.replaceAll('docker0', 'lan0');
    expect(said(compared(rules, { containers: CONTAINERS, networks: [] }))).toEqual([]);
    const gone = rules.replace(`${DNAT_WEB.replaceAll('docker0', 'lan0')}\n`, '');
    expect(said(compared(gone, { containers: CONTAINERS, networks: [] }))).toEqual([
      `missing ${DNAT_WEB.slice(3)}`,
    ]);
  });

  it('a container that nobody inspected is not taken for gone', () => {
    const networks = NETWORKS.map(({ members: _, ...rest }) => rest);
    const other = `-A DOCKER ! -i docker0 -p tcp -m tcp --dport 9000 -j DNAT --to-destination 172.17.0.9:90\n${DNAT_WEB}`;
    const result = compared(RULES.replace(DNAT_WEB, other), { containers: CONTAINERS, networks });
    expect(said(result)).toEqual([]);
  });
});

describe('a real engine’s rules are what is expected', () => {
  /** With containers: without any, nothing is expected. */
  const bundles = readdirSync('captures').filter((name) => {
    const folder = `captures/${name}/bundle/docker`;
    if (!existsSync(`${folder}/networks.json`)) return false;
    return /"Running": true/.test(readFileSync(`${folder}/containers.json`, 'utf8'));
  });
  /** Rules that were taken away, or are somebody's own. */
  const BROKEN = /flushed|restored|before-docker|lost-its-rules/;

  it.each(bundles.filter((name) => !BROKEN.test(name)))('%s', async (name) => {
    const { snapshot } = buildSnapshot(await resolveInputs([`captures/${name}/bundle`]));
    const host = snapshot.namespaces.get('host') as Netns;
    const result = compareEngine(snapshot, host) as Comparison;
    expect(said(result)).toEqual([]);
    expect(result.present).toBeGreaterThan(10);
  });
});

/** Rulesets that moby's own tests hold its newest rules against, with the setting in their names; read in place where they are. */
const CORPUS = '../shared/corpus';

describe.runIf(existsSync(`${CORPUS}/INDEX.tsv`))('the rules of Docker 28 and newer', () => {
  const GOLDEN = /\/TestIptabler\/(hairpin=\S*)__(ip6?tables)\.golden$/;
  const rows = existsSync(`${CORPUS}/INDEX.tsv`)
    ? readFileSync(`${CORPUS}/INDEX.tsv`, 'utf8')
        .split('\n')
        .map((line) => line.split('\t'))
        .flatMap(([, kind, file, sort, , , , path = '']) => {
          const found = GOLDEN.exec(path);
          return kind === 'rulesets' && sort === 'primary' && found
            ? [
                {
                  file: file ?? '',
                  setting: found[1] ?? '',
                  family: (found[2] === 'iptables' ? 4 : 6) as Family,
                },
              ]
            : [];
        })
    : [];

  it.each(rows)('$setting for IPv$family', ({ file, setting, family }) => {
    const options = new Map(setting.split(',').map((word) => word.split('=') as [string, string]));
    const { ruleset } = parseSave(readFileSync(`${CORPUS}/rulesets/${file}`, 'utf8'), file, { family });
    const state = goldenState(options, family);
    const hairpin = options.get('hairpin') === 'true';
    const expected = iptablesRules(state, { generation: 'forward', family, hairpin });
    const result = compareFamily([ruleset], expected, state, family);
    const missing = result.missing
      .map((each) => each.expected.forms[0])
      .filter((form) => form !== '-j DOCKER-USER');
    expect(missing).toEqual([]);
    expect([result.stale, result.shadowed, result.foreign]).toEqual([[], [], []]);
    expect(result.present).toBeGreaterThan(5);
  });

  it('there are many', () => expect(rows.length).toBeGreaterThan(50));

  function goldenState(options: ReadonlyMap<string, string>, family: Family): EngineState {
    const on = (name: string) => options.get(name) === 'true';
    const mode = (options.get('gwm') ?? 'nat') as GatewayMode;
    const dummy: EngineNetwork = {
      name: 'dummy',
      bridge: 'br-dummy',
      subnets: [prefix('192.168.0.0/24'), prefix('fd49:efd7:54aa::/64')],
      internal: on('internal'),
      icc: on('icc'),
      masquerade: on('masq'),
      mode: { 4: mode, 6: mode },
      source: on('snat') ? { 4: ip('192.168.123.0'), 6: ip('fd34:d0d4:672f::123') } : {},
      trusted: [],
      assumed: false,
      bridgeKnown: true,
      span,
    };
    const targets = ['192.168.0.2', 'fd49:efd7:54aa::1'].map((address) => ({
      container: 'c1',
      network: dummy,
      address: ip(address),
      span,
    }));
    const loopback = ip(family === 4 ? '127.0.0.1' : '::1');
    const publication = {
      container: 'c1',
      protocol: 'tcp',
      containerPort: 80,
      hostPort: 8080,
      ...(on('bindlh') && { hostAddress: loopback }),
      targets,
      span,
    };
    return {
      networks: [dummy],
      endpoints: targets,
      publications: dummy.internal ? [] : [publication],
      taken: new Map(targets.map(({ address, container: name }) => [address, name])),
      complete: [dummy],
      allNetworks: true,
    };
  }
});

describe('Docker’s nftables backend', () => {
  const NFT = `table ip docker-bridges {
	map filter-forward-in-jumps {
		type ifname : verdict
		elements = { "docker0" : jump filter-forward-in__docker0 }
	}

	map filter-forward-out-jumps {
		type ifname : verdict
		elements = { "docker0" : jump filter-forward-out__docker0 }
	}

	map nat-postrouting-in-jumps {
		type ifname : verdict
		elements = { "docker0" : jump nat-postrouting-in__docker0 }
	}

	map nat-postrouting-out-jumps {
		type ifname : verdict
		elements = { "docker0" : jump nat-postrouting-out__docker0 }
	}

	chain filter-FORWARD {
		type filter hook forward priority filter; policy accept;
		oifname vmap @filter-forward-in-jumps
		iifname vmap @filter-forward-out-jumps
	}

	chain nat-OUTPUT {
		type nat hook output priority -100; policy accept;
		ip daddr != 127.0.0.0/8 fib daddr type local counter packets 2 bytes 120 jump nat-prerouting-and-output
	}

	chain nat-POSTROUTING {
		type nat hook postrouting priority srcnat; policy accept;
		iifname vmap @nat-postrouting-out-jumps
		oifname vmap @nat-postrouting-in-jumps
	}

	chain nat-PREROUTING {
		type nat hook prerouting priority dstnat; policy accept;
		fib daddr type local counter packets 9 bytes 540 jump nat-prerouting-and-output
	}

	chain nat-prerouting-and-output {
		iifname != "docker0" tcp dport 8080 counter packets 4 bytes 240 dnat to 172.17.0.2:80 comment "DNAT"
	}

	chain raw-PREROUTING {
		type filter hook prerouting priority raw; policy accept;
	}

	chain filter-forward-in__docker0 {
		ct state established,related counter packets 0 bytes 0 accept
		iifname "docker0" counter packets 0 bytes 0 accept comment "ICC"
		ip daddr 172.17.0.2 tcp dport 80 counter packets 0 bytes 0 accept
		counter packets 0 bytes 0 drop comment "UNPUBLISHED PORT DROP"
	}

	chain filter-forward-out__docker0 {
		ct state established,related counter packets 0 bytes 0 accept
		counter packets 0 bytes 0 accept comment "OUTGOING"
	}

	chain nat-postrouting-in__docker0 {
	}

	chain nat-postrouting-out__docker0 {
		oifname != "docker0" ip saddr 172.17.0.0/16 counter packets 0 bytes 0 masquerade comment "MASQUERADE"
	}
}
`;
  const docker = {
    containers: CONTAINERS.filter(({ name }) => name === 'web'),
    networks: NETWORKS.filter(({ name }) => name !== 'back'),
  };

  it.each([
    ['all there', '', '', []],
    [
      'the port’s rule is gone',
      /\t\tiifname != "docker0" tcp dport 8080.*\n/,
      '',
      ['missing nat-prerouting-and-output iifname != "docker0" tcp dport 8080 dnat to 172.17.0.2:80'],
    ],
  ] as const)('%s', (_, from, to, expected) => {
    const { ruleset } = readRuleset(NFT.replace(from, to), 'nft.txt');
    const result = compareEngine({ docker }, { name: 'host', inferred: false, nft: ruleset }) as Comparison;
    expect(result.generation).toBe('nftables');
    expect(said(result)).toEqual(expected);
    expect(result.present).toBeGreaterThan(10);
  });
});
