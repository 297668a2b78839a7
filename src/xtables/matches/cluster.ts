/** xt_cluster_mt(), net/netfilter/xt_cluster.c: the node that the connection's original source hashes to. */

import { jhash, memoryWords, scaleHash } from '../../base/jhash.ts';
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import type { Ip } from '../../net/ip.ts';
import { DECIDED, defineMatch, option, refuse } from '../extension.ts';
import { listing } from '../listing.ts';
import { destinationOf } from '../packet.ts';
import { hex, number } from '../values/number.ts';

const MAX_U32 = 0xffffffff;

interface ClusterInfo {
  readonly invert: boolean;
  readonly nodeMask: number;
  readonly nodes: number;
  readonly seed: number;
}

export const cluster = lazily(() =>
  defineMatch({
    name: 'cluster',
    support: DECIDED,
    conntrack: true,
    options: {
      'cluster-total-nodes': { value: number(32, 1), required: true },
      'cluster-local-node': { value: number(32, 1), invert: true, excludes: ['cluster-local-nodemask'] },
      'cluster-local-nodemask': { value: number(MAX_U32, 1), invert: true, excludes: ['cluster-local-node'] },
      'cluster-hash-seed': { value: number(MAX_U32), required: true },
    },
    oneOf: [['cluster-local-node', 'cluster-local-nodemask']],
    listing: () =>
      listing(/cluster/, [
        [/(?<n>!)?node_mask=(?<v>\S+)/, 'cluster-local-nodemask'],
        [/total_nodes=(?<v>\S+)/, 'cluster-total-nodes'],
        [/hash_seed=(?<v>\S+)/, 'cluster-hash-seed'],
      ]),
    build(args) {
      const nodes = args['cluster-total-nodes'].value;
      const [node, mask] = [args['cluster-local-node'], args['cluster-local-nodemask']];
      const nodeMask = node ? (1 << (node.value - 1)) >>> 0 : (mask?.value ?? 0);
      if (nodeMask >= 2 ** nodes) return refuse(`the local node is not among the ${nodes} nodes`);
      const info: ClusterInfo = {
        invert: (node ?? mask)?.invert ?? false,
        nodeMask,
        nodes,
        seed: args['cluster-hash-seed'].value,
      };
      return info;
    },
    print: (info: ClusterInfo) => [
      option('cluster-local-nodemask', info.invert, hex(info.nodeMask, 8)),
      `--cluster-total-nodes ${info.nodes}`,
      `--cluster-hash-seed ${hex(info.seed, 8)}`,
    ],
    match(info: ClusterInfo, { skb }) {
      // A frame that the switch gave to every node of the cluster is for this host from here on.
      if (skb.packetType === 'multicast' && !isMulticast(destinationOf(skb))) skb.packetType = 'host';
      const entry = skb.conntrack?.entry;
      if (!entry) return false;
      if (entry.expected)
        return unknown('the source of the connection that expected this one (conntrack -L)');
      // Of IPv6 the first word alone: NF_CT_TUPLE_L3SIZE, taken for bytes, counts words.
      const hash = jhash(memoryWords(entry.original.source).slice(0, 1), info.seed);
      const node = scaleHash(hash, info.nodes);
      return (((info.nodeMask >>> node) & 1) === 1) !== info.invert;
    },
  }),
);

function isMulticast(ip: Ip): boolean {
  return typeof ip === 'number' ? ip >>> 28 === 0xe : ip >> 120n === 0xffn;
}
