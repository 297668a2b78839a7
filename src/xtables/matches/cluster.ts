/** xt_cluster_mt(), net/netfilter/xt_cluster.c */
import { unknown } from '../../base/ternary.ts';
import { defineMatch, option, refuse } from '../extension.ts';
import { hex, number } from '../values/number.ts';

const MAX_U32 = 0xffffffff;

interface ClusterInfo {
  readonly invert: boolean;
  readonly nodeMask: number;
  readonly nodes: number;
  readonly seed: number;
}

export const cluster = defineMatch({
  name: 'cluster',
  conntrack: true,
  options: {
    'cluster-total-nodes': { value: number(32, 1), required: true },
    'cluster-local-node': { value: number(32, 1), invert: true, excludes: ['cluster-local-nodemask'] },
    'cluster-local-nodemask': { value: number(MAX_U32, 1), invert: true, excludes: ['cluster-local-node'] },
    'cluster-hash-seed': { value: number(MAX_U32), required: true },
  },
  oneOf: [['cluster-local-node', 'cluster-local-nodemask']],
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
  match: () => unknown('which cluster node the connection hashes to'),
});
