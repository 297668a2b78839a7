/** ipvs_mt(), net/netfilter/xt_ipvs.c */
import { lazily } from '../../base/memo.ts';
import { unknown } from '../../base/ternary.ts';
import { defineMatch, option, undecided, type Value } from '../extension.ts';
import { listedParts } from '../listing.ts';
import { protocolNumber } from '../names/protocols.ts';
import { type AddressMask, addressMask, formatAddressMask } from '../values/address.ts';
import { flag, readNumber } from '../values/number.ts';
import { port } from '../values/port.ts';
import { oneOf } from '../values/text.ts';

interface Test<T> {
  readonly invert: boolean;
  readonly value: T;
}

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

export const ipvs = lazily(() =>
  defineMatch({
    name: 'ipvs',
    support: undecided('IPVS is not modelled', 'this kernel has no IPVS'),
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
    listing: () =>
      listedParts([
        [/(?<n>! ?)?ipvs/, 'ipvs'],
        [/(?<n>! ?)?vproto (?<v>\S+)/, 'vproto'],
        [/(?<n>! ?)?vaddr (?<v>\S+)/, 'vaddr'],
        [/(?<n>! ?)?vport (?<v>\S+)/, 'vport'],
        [/vdir (?<v>\S+)/, 'vdir'],
        [/(?<n>! ?)?vmethod (?<v>\S+)/, 'vmethod'],
        [/(?<n>! ?)?vportctl (?<v>\S+)/, 'vportctl'],
      ]),
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
  }),
);

/** A single address without its length. */
function printVirtual(address: AddressMask): string {
  return formatAddressMask(address).replace(/\/(32|128)$/, (whole, length) =>
    (typeof address.mask === 'number') === (length === '32') ? '' : whole,
  );
}
