/** Statements on packets without a kernel: a rule in nft's JSON, a packet, and what becomes of it. */
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../src/net/ip.ts';
import { apply } from '../../src/nft/apply.ts';
import type { NftContext, NftView } from '../../src/nft/context.ts';
import { createNftState } from '../../src/nft/state.ts';
import { buildSkb } from '../../src/skb/build.ts';
import type { Skb } from '../../src/skb/skb.ts';
import { rulesetFromJson } from './support/from-json.ts';

const ip = (text: string) => parseIp(text) ?? 0;
const TCP = () =>
  buildSkb({
    source: ip('10.0.0.1'),
    destination: ip('10.0.0.2'),
    protocol: 6,
    sourcePort: 1000,
    destinationPort: 80,
    tcpMss: 1460,
  });
const UDP6 = () =>
  buildSkb({
    source: ip('fd00::1'),
    destination: ip('fd00::2'),
    protocol: 17,
    sourcePort: 5,
    destinationPort: 53,
    payload: 10,
  });

const VIEW: NftView = {
  hasAddressType: () => true,
  reversePath: () => true,
  setContains: () => false,
  connections: () => [],
  sysctl: () => undefined,
  deviceGroup: () => 0,
  realms: () => 0,
  device: (name) => ({ type: name === 'lo' ? 772 : 1, kind: 'veth' }),
  deviceName: (index) => (index === 1 ? 'lo' : undefined),
  fibDevice: () => 'eth0',
  fibType: () => 2,
};

const SETS = [
  {
    set: {
      family: 'inet',
      table: 't',
      name: 'nets',
      type: 'ipv4_addr',
      flags: ['interval'],
      elem: [{ prefix: { addr: '10.0.0.0', len: 24 } }, { range: ['10.1.0.1', '10.1.0.9'] }],
    },
  },
  {
    set: {
      family: 'inet',
      table: 't',
      name: 'pairs',
      type: ['ipv4_addr', 'inet_service'],
      flags: ['interval'],
      elem: [{ concat: [{ prefix: { addr: '10.0.0.0', len: 8 } }, { range: [80, 90] }] }],
    },
  },
  { set: { family: 'inet', table: 't', name: 'seen', type: 'ipv4_addr', size: 1, flags: ['dynamic'] } },
];

/** `packets` times the same packet through the rule: how each went. */
function outcomes(expr: unknown[], skb: Skb, packets = 1, after = 0): string[] {
  const ruleset = rulesetFromJson(
    JSON.stringify({
      nftables: [
        { table: { family: 'inet', name: 't' } },
        {
          chain: {
            family: 'inet',
            table: 't',
            name: 'c',
            hook: 'prerouting',
            type: 'filter',
            prio: 0,
            policy: 'accept',
          },
        },
        ...SETS,
        { rule: { family: 'inet', table: 't', chain: 'c', handle: 1, expr } },
      ],
    }),
  );
  const [table] = ruleset.tables;
  const rule = table?.chains[0]?.rules[0];
  if (!table || !rule) throw new Error('no rule');
  const state = createNftState();
  return Array.from({ length: packets }, (_, i) => {
    const ctx: NftContext = {
      skb: Object.assign(skb, { in: 'eth0', time: 1000 + i * after }),
      pf: skb.family === 4 ? 'ip' : 'ip6',
      hook: 'prerouting',
      table,
      extra: 0,
      namespace: VIEW,
      state,
    };
    for (const statement of rule.statements) {
      const outcome = apply(ctx, statement);
      if (outcome === 'next') continue;
      if (outcome === 'break') return 'no match';
      if ('verdict' in outcome) return outcome.verdict.kind;
      return 'why' in outcome ? 'unknown' : 'blurred';
    }
    return 'continue';
  });
}

const payload = (protocol: string, field: string) => ({ payload: { protocol, field } });
const match = (left: unknown, right: unknown, op = '==') => ({ match: { op, left, right } });
const DROP = { drop: null };

describe('a rule on a packet', () => {
  it.each<[string, unknown[], Skb, string]>([
    ['a port', [match(payload('tcp', 'dport'), 80), DROP], TCP(), 'drop'],
    ['a port of another protocol', [match(payload('udp', 'dport'), 80, '!='), DROP], TCP(), 'no match'],
    [
      'an address of the other family',
      [match(payload('ip', 'saddr'), '10.0.0.1', '!='), DROP],
      UDP6(),
      'no match',
    ],
    ['any of some flags', [match(payload('tcp', 'flags'), ['syn', 'ack'], 'in'), DROP], TCP(), 'drop'],
    ['all flags at once', [match(payload('tcp', 'flags'), 18), DROP], TCP(), 'no match'],
    ['none of some flags', [match(payload('tcp', 'flags'), ['fin', 'rst'], '!'), DROP], TCP(), 'drop'],
    [
      'a masked value',
      [match({ '&': [payload('tcp', 'flags'), ['fin', 'syn']] }, 'syn'), DROP],
      TCP(),
      'drop',
    ],
    ['an interval of a set', [match(payload('ip', 'saddr'), '@nets'), DROP], TCP(), 'drop'],
    ['outside of a set', [match(payload('ip', 'saddr'), '@nets', '!='), DROP], TCP(), 'no match'],
    [
      'a concatenation',
      [match({ concat: [payload('ip', 'saddr'), payload('tcp', 'dport')] }, '@pairs'), DROP],
      TCP(),
      'drop',
    ],
    ['a name with a wildcard', [match({ meta: { key: 'iifname' } }, 'eth*'), DROP], TCP(), 'drop'],
    ['an index', [match({ meta: { key: 'iif' } }, 1), DROP], TCP(), 'no match'],
    ['a set it does not have', [match(payload('ip', 'saddr'), '@gone'), DROP], TCP(), 'unknown'],
    ['chance', [match({ numgen: { mode: 'random', mod: 2, offset: 0 } }, 0), DROP], TCP(), 'unknown'],
    ['no connection yet', [match({ ct: { key: 'state' } }, 'invalid', 'in'), DROP], TCP(), 'drop'],
    [
      'an upper part of a field',
      [match(payload('ip', 'frag-off'), { prefix: { addr: 0x4000, len: 2 } }), DROP],
      TCP(),
      'drop',
    ],
    [
      'a verdict map',
      [
        {
          vmap: {
            key: payload('tcp', 'dport'),
            data: {
              set: [
                [{ range: [80, 90] }, { goto: { target: 'x' } }],
                ['*', DROP],
              ],
            },
          },
        },
      ],
      TCP(),
      'goto',
    ],
    [
      'the rest of a verdict map',
      [
        {
          vmap: {
            key: payload('tcp', 'dport'),
            data: {
              set: [
                [81, { accept: null }],
                ['*', DROP],
              ],
            },
          },
        },
      ],
      TCP(),
      'drop',
    ],
    [
      'a verdict map of chance',
      [{ vmap: { key: { meta: { key: 'cpu' } }, data: { set: [[0, { accept: null }]] } } }],
      TCP(),
      'unknown',
    ],
    [
      'an option that is there',
      [match({ 'tcp option': { name: 'maxseg', field: 'size' } }, 1460), DROP],
      TCP(),
      'drop',
    ],
    [
      'an option that is not',
      [match({ 'tcp option': { name: 'window', field: 'count' } }, 7, '!='), DROP],
      TCP(),
      'no match',
    ],
    [
      'an IPv6 refusal of an IPv4 packet',
      [{ reject: { type: 'icmpv6', expr: 'no-route' } }],
      TCP(),
      'no match',
    ],
    ['a mapping of the other family', [{ dnat: { family: 'ip', addr: '10.0.0.9' } }], UDP6(), 'continue'],
    ['what no reader knows', [{ strange: {} }, DROP], TCP(), 'unknown'],
  ])('%s', (_, expr, skb, expected) => {
    expect(outcomes(expr, skb)).toEqual([expected]);
  });

  it.each<[string, unknown[], number, string[]]>([
    [
      'a limit with its burst',
      [{ limit: { rate: 1, per: 'hour', burst: 2 } }, DROP],
      0,
      ['drop', 'drop', 'no match'],
    ],
    [
      'a limit that fills again',
      [{ limit: { rate: 1, per: 'minute', burst: 1 } }, DROP],
      60,
      ['drop', 'drop', 'drop'],
    ],
    [
      'beyond a limit',
      [{ limit: { rate: 1, per: 'hour', burst: 1, inv: true } }, DROP],
      0,
      ['no match', 'drop', 'drop'],
    ],
    ['a quota', [{ quota: { val: 100, val_unit: 'bytes' } }, DROP], 0, ['drop', 'drop', 'no match']],
    [
      'over a quota',
      [{ quota: { val: 50, val_unit: 'bytes', inv: true } }, DROP],
      0,
      ['no match', 'drop', 'drop'],
    ],
    [
      'one after the other',
      [match({ numgen: { mode: 'inc', mod: 3, offset: 0 } }, 1), DROP],
      0,
      ['no match', 'drop', 'no match'],
    ],
    [
      'an element that is there from then on',
      [
        match(payload('ip', 'saddr'), '@seen', '!='),
        { set: { op: 'add', elem: payload('ip', 'saddr'), set: '@seen' } },
        DROP,
      ],
      0,
      ['drop', 'no match', 'no match'],
    ],
    [
      'an element whose time ends',
      [
        match(payload('ip', 'saddr'), '@seen', '!='),
        { set: { op: 'add', elem: { elem: { val: payload('ip', 'saddr'), timeout: 5 } }, set: '@seen' } },
        DROP,
      ],
      3,
      ['drop', 'no match', 'drop'],
    ],
    [
      'a meter',
      [
        {
          meter: {
            name: 'm',
            key: payload('ip', 'saddr'),
            stmt: { limit: { rate: 1, per: 'hour', burst: 1 } },
          },
        },
        DROP,
      ],
      0,
      ['drop', 'no match', 'no match'],
    ],
  ])('%s', (_, expr, after, expected) => {
    expect(outcomes(expr, TCP(), 3, after)).toEqual(expected);
  });
});
