/** Matches on what neither a packet nor a dump shows: their options are read and printed, their outcome is unknown. */
import { unknown } from '../../base/ternary.ts';
import { defineMatch, option, refuse, type Value } from '../extension.ts';
import { protocolNumber } from '../names/protocols.ts';
import { bare, quote, quoteAlways } from '../tokens.ts';
import { type AddressMask, addressMask, formatAddressMask } from '../values/address.ts';
import { ALL, formatMasked, type Masked, readMasked } from '../values/mark.ts';
import { flag, hex, number, readNumber } from '../values/number.ts';
import { port } from '../values/port.ts';
import { name, oneOf } from '../values/text.ts';

const MAX_U32 = 0xffffffff;

interface Test<T> {
  readonly invert: boolean;
  readonly value: T;
}

/** xt_cpu.c */
export const cpu = defineMatch({
  name: 'cpu',
  options: { cpu: { value: number(MAX_U32), invert: true, required: true } },
  build: ({ cpu }): Test<number> => ({ invert: cpu.invert, value: cpu.value }),
  print: (info) => [option('cpu', info.invert, info.value)],
  match: () => unknown('the CPU that handled the packet'),
});

/** Group 0 has its name everywhere. */
const group: Value<Masked> = {
  words: 1,
  expected: 'a group number, optionally with /mask (names stand in /etc/iproute2/group of the host)',
  read: ([text = '']) => (text === 'default' ? { value: 0, mask: ALL } : readMasked(text)),
};

function printGroup(value: Masked): string {
  return value.value === 0 && value.mask === ALL ? 'default' : formatMasked(value);
}

interface DevgroupInfo {
  readonly source?: Test<Masked>;
  readonly destination?: Test<Masked>;
}

/** xt_devgroup.c */
export const devgroup = defineMatch({
  name: 'devgroup',
  options: {
    'src-group': { value: group, invert: true },
    'dst-group': { value: group, invert: true },
  },
  oneOf: [['src-group', 'dst-group']],
  build(args): DevgroupInfo {
    const [source, destination] = [args['src-group'], args['dst-group']];
    return {
      ...(source ? { source: { invert: source.invert, value: source.value } } : {}),
      ...(destination ? { destination: { invert: destination.invert, value: destination.value } } : {}),
    };
  },
  print: ({ source, destination }) => [
    ...(source ? [option('src-group', source.invert, printGroup(source.value))] : []),
    ...(destination ? [option('dst-group', destination.invert, printGroup(destination.value))] : []),
  ],
  check({ source, destination }: DevgroupInfo, { hook }) {
    if (source && (hook === 'OUTPUT' || hook === 'POSTROUTING'))
      return `--src-group can't be used in ${hook}`;
    if (destination && (hook === 'PREROUTING' || hook === 'INPUT'))
      return `--dst-group can't be used in ${hook}`;
    return undefined;
  },
  match: () => unknown('the group of the interface (ip -d link)'),
});

interface CgroupInfo {
  readonly invert: boolean;
  readonly id: number | { readonly path: string };
}

/** xt_cgroup.c */
export const cgroup = defineMatch({
  name: 'cgroup',
  hooks: ['OUTPUT', 'POSTROUTING', 'INPUT'],
  options: {
    cgroup: { value: number(MAX_U32), invert: true, excludes: ['path'] },
    path: { value: name(511, 'a path'), invert: true, excludes: ['cgroup'] },
  },
  oneOf: [['cgroup', 'path']],
  build({ cgroup, path }) {
    if (cgroup) return { invert: cgroup.invert, id: cgroup.value } satisfies CgroupInfo;
    if (path) return { invert: path.invert, id: { path: path.value } } satisfies CgroupInfo;
    return refuse('a cgroup is missing');
  },
  print: ({ invert, id }: CgroupInfo) => [
    typeof id === 'number' ? option('cgroup', invert, id) : option('path', invert, quoteAlways(id.path)),
  ],
  match: () => unknown('the cgroup of the process that the packet belongs to'),
});

interface ClusterInfo {
  readonly invert: boolean;
  readonly nodeMask: number;
  readonly nodes: number;
  readonly seed: number;
}

/** xt_cluster.c */
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

interface NfacctInfo {
  readonly object: string;
}

/** xt_nfacct.c: counts; holds unless the object has a quota. */
export const nfacct = defineMatch({
  name: 'nfacct',
  options: { 'nfacct-name': { value: name(31, "an accounting object's name"), required: true } },
  build: (args): NfacctInfo => ({ object: args['nfacct-name'].value }),
  print: (info) => [`--nfacct-name ${quote(info.object)}`],
  match: (info) => unknown(`whether accounting object ${info.object} has a quota (nfacct list)`),
});

interface OsfInfo {
  readonly invert: boolean;
  readonly genre: string;
  readonly ttl?: number;
  readonly log?: number;
}

/** xt_osf.c */
export const osf = defineMatch({
  name: 'osf',
  protocols: [6],
  hooks: ['PREROUTING', 'INPUT', 'FORWARD'],
  options: {
    genre: { value: name(31, "an operating system's name"), invert: true, required: true },
    ttl: { value: number(2) },
    log: { value: number(2) },
  },
  build: ({ genre, ttl, log }): OsfInfo => ({
    invert: genre.invert,
    genre: genre.value,
    ...(ttl ? { ttl: ttl.value } : {}),
    ...(log ? { log: log.value } : {}),
  }),
  print: (info) => [
    option('genre', info.invert, bare(info.genre)),
    ...(info.ttl === undefined ? [] : [`--ttl ${info.ttl}`]),
    ...(info.log === undefined ? [] : [`--log ${info.log}`]),
  ],
  match: () => unknown('what the passive fingerprints loaded on the host say of the sender'),
});

interface IpvsInfo {
  readonly ipvs?: { readonly invert: boolean };
  readonly protocol?: Test<number>;
  readonly address?: Test<AddressMask>;
  readonly port?: Test<number>;
  readonly direction?: Test<'ORIGINAL' | 'REPLY'>;
  readonly method?: Test<'GATE' | 'IPIP' | 'MASQ'>;
  readonly controlPort?: Test<number>;
}

const vprotocol: Value<number> = {
  words: 1,
  expected: 'a protocol name or a number 1..255',
  read: ([text = '']) => readNumber(text, 255) ?? protocolNumber(text),
};

const keep = <K extends string, T>(key: K, arg: Test<T> | undefined): { readonly [P in K]?: Test<T> } =>
  (arg ? { [key]: { invert: arg.invert, value: arg.value } } : {}) as { readonly [P in K]?: Test<T> };

/** xt_ipvs.c */
export const ipvs = defineMatch({
  name: 'ipvs',
  conntrack: true,
  options: {
    ipvs: { value: flag, invert: true },
    vproto: { value: vprotocol, invert: true },
    vaddr: { value: addressMask, invert: true },
    vport: { value: port, invert: true },
    vdir: { value: oneOf({ ORIGINAL: 'ORIGINAL', REPLY: 'REPLY' } as const) },
    vmethod: { value: oneOf({ GATE: 'GATE', IPIP: 'IPIP', MASQ: 'MASQ' } as const), invert: true },
    vportctl: { value: port, invert: true },
  },
  oneOf: [['ipvs', 'vproto', 'vaddr', 'vport', 'vdir', 'vmethod', 'vportctl']],
  build: (args): IpvsInfo => ({
    ...(args.ipvs ? { ipvs: { invert: args.ipvs.invert } } : {}),
    ...keep('protocol', args.vproto),
    ...keep('address', args.vaddr),
    ...keep('port', args.vport),
    ...keep('direction', args.vdir),
    ...keep('method', args.vmethod),
    ...keep('controlPort', args.vportctl),
  }),
  print: (info) => [
    ...(info.ipvs ? [option('ipvs', info.ipvs.invert)] : []),
    ...(info.protocol ? [option('vproto', info.protocol.invert, info.protocol.value)] : []),
    ...(info.address ? [option('vaddr', info.address.invert, printVirtual(info.address.value))] : []),
    ...(info.port ? [option('vport', info.port.invert, info.port.value)] : []),
    ...(info.direction ? [option('vdir', info.direction.invert, info.direction.value)] : []),
    ...(info.method ? [option('vmethod', info.method.invert, info.method.value)] : []),
    ...(info.controlPort ? [option('vportctl', info.controlPort.invert, info.controlPort.value)] : []),
  ],
  match: () => unknown('whether IPVS handles the connection (ipvsadm -Lcn)'),
});

/** A single address without its length. */
function printVirtual(address: AddressMask): string {
  return formatAddressMask(address).replace(/\/(32|128)$/, (whole, length) =>
    (typeof address.mask === 'number') === (length === '32') ? '' : whole,
  );
}
