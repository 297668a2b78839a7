/** clusterip_tg(), ipt_CLUSTERIP of kernels before 6.9: nodes that share an address and a MAC answer each for a part. */
import { lazily } from '../../base/memo.ts';
import { formatMac, type Mac, parseMac } from '../../net/mac.ts';
import { defineTarget, undecided, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { flag, number } from '../values/number.ts';
import { oneOf } from '../values/text.ts';

const MAX_U32 = 0xffffffff;

interface ClusteripInfo {
  readonly fresh: boolean;
  readonly hash: string;
  readonly mac: Mac;
  readonly nodes: number;
  readonly node: number;
  readonly seed: number;
}

const mac: Value<Mac> = {
  words: 1,
  expected: 'a multicast MAC address',
  read: ([text = '']) => parseMac(text),
};
const NEEDS = ['new'];

export const CLUSTERIP = lazily(() =>
  defineTarget({
    name: 'CLUSTERIP',
    support: undecided('which node answers is not modelled', 'kernels since 6.9 have no such target'),
    families: [4],
    hooks: ['INPUT'],
    conntrack: true,
    options: {
      new: { value: flag },
      hashmode: {
        value: oneOf({
          sourceip: 'sourceip',
          'sourceip-sourceport': 'sourceip-sourceport',
          'sourceip-sourceport-destport': 'sourceip-sourceport-destport',
        }),
        needs: NEEDS,
      },
      clustermac: { value: mac, needs: NEEDS },
      'total-nodes': { value: number(16, 1), needs: NEEDS },
      'local-node': { value: number(16), needs: NEEDS },
      'hash-init': { value: number(MAX_U32), needs: NEEDS },
    },
    listing: () =>
      listing(/CLUSTERIP/, [
        [/hashmode=(?<v>\S+)/, 'hashmode'],
        [/clustermac=(?<v>\S+)/, 'clustermac'],
        [/total_nodes=(?<v>\d+)/, 'total-nodes'],
        [/local_node=(?<v>\d+)/, 'local-node'],
        [/hash_init=(?<v>\d+)/, 'hash-init'],
      ]),
    build: (args): ClusteripInfo => ({
      fresh: args.new !== undefined,
      hash: args.hashmode?.value ?? 'sourceip',
      mac: args.clustermac?.value ?? 0,
      nodes: args['total-nodes']?.value ?? 0,
      node: args['local-node']?.value ?? 0,
      seed: args['hash-init']?.value ?? 0,
    }),
    print: (info) =>
      info.fresh
        ? [
            `--new --hashmode ${info.hash} --clustermac ${formatMac(info.mac).toUpperCase()}`,
            `--total-nodes ${info.nodes} --local-node ${info.node} --hash-init ${info.seed}`,
          ]
        : [],
    check: (info: ClusteripInfo) =>
      info.fresh && (info.node < 1 || info.node > info.nodes)
        ? `--local-node must be 1..${info.nodes}, the number of nodes`
        : undefined,
    apply: () => ({ kind: 'unknown', why: 'which cluster node the packet hashes to' }),
  }),
);
