/** policy_mt(), net/netfilter/xt_policy.c. The model has no IPsec: no packet is taken to have come or to leave through it. */
import { lazily } from '../../base/memo.ts';
import {
  type Arg,
  decidedExcept,
  defineMatch,
  type OptionDefinition,
  option,
  type Refusal,
  refuse,
  type Value,
} from '../extension.ts';
import { listedOption, listing } from '../listing.ts';
import { protocolNumber, savedProtocol } from '../names/protocols.ts';
import { type AddressMask, formatHostMask, hostMask } from '../values/address.ts';
import { flag, hex, number, readNumber } from '../values/number.ts';
import { oneOf } from '../values/text.ts';

const MAX_U32 = 0xffffffff;
const MAX_ELEMENTS = 4;

interface Test<T> {
  readonly invert: boolean;
  readonly value: T;
}

/** One transformation, in the order that it prints. */
interface Element {
  readonly reqid?: Test<number>;
  readonly spi?: Test<number>;
  readonly proto?: Test<number>;
  readonly mode?: Test<'transport' | 'tunnel'>;
  readonly destination?: Test<AddressMask>;
  readonly source?: Test<AddressMask>;
}

interface PolicyInfo {
  readonly direction: 'in' | 'out';
  readonly policy: 'none' | 'ipsec';
  readonly strict: boolean;
  readonly elements: readonly Element[];
}

const proto: Value<number> = {
  words: 1,
  expected: 'esp, ah or ipcomp',
  read: ([text = '']) => protocolNumber(text) ?? readNumber(text, 255),
};

const repeated = <T>(value: Value<T>) =>
  ({ value, invert: true, multiple: true }) as const satisfies OptionDefinition;

export const policy = lazily(() =>
  defineMatch({
    name: 'policy',
    support: decidedExcept('IPsec: every packet counts as one without'),
    options: {
      dir: { value: oneOf({ in: 'in', out: 'out' } as const), required: true },
      pol: { value: oneOf({ none: 'none', ipsec: 'ipsec' } as const) },
      strict: { value: flag },
      reqid: repeated(number(MAX_U32)),
      spi: repeated(number(MAX_U32)),
      proto: repeated(proto),
      mode: repeated(oneOf({ transport: 'transport', tunnel: 'tunnel' } as const)),
      'tunnel-dst': repeated(hostMask),
      'tunnel-src': repeated(hostMask),
      next: { value: flag, multiple: true, needs: ['strict'] },
    },
    listing: () =>
      listing(
        [/policy match dir (?<dir>\S+)/, ({ dir }) => [listedOption('dir', dir)]],
        [
          [/pol (?<v>none|ipsec)/, 'pol'],
          [/strict/, 'strict'],
          [/\[0\]/, () => []],
          [/\[[1-9]\]/, 'next'],
          [/(?<n>! ?)?reqid (?<v>\d+)/, 'reqid'],
          [/(?<n>! ?)?spi (?<v>\S+)/, 'spi'],
          [/(?<n>! ?)?proto (?<v>\S+)/, 'proto'],
          [/(?<n>! ?)?mode (?<v>\S+)/, 'mode'],
          [/(?<n>! ?)?tunnel-dst (?<v>\S+)/, 'tunnel-dst'],
          [/(?<n>! ?)?tunnel-src (?<v>\S+)/, 'tunnel-src'],
        ],
        { repeated: true },
      ),
    build(args): PolicyInfo | Refusal {
      const separators = args.next.map((arg) => arg.position);
      const elements: Element[] = [];
      for (let i = 0; i <= separators.length; i++) {
        const from = separators[i - 1] ?? -1;
        const to = separators[i] ?? Number.POSITIVE_INFINITY;
        const within = <T>(list: readonly Arg<T>[]): readonly Arg<T>[] =>
          list.filter((arg) => arg.position > from && arg.position < to);
        const lists = [args.reqid, args.spi, args.proto, args.mode, args['tunnel-dst'], args['tunnel-src']];
        if (lists.some((list) => within<unknown>(list).length > 1))
          return refuse('an option is given twice in one element');
        elements.push({
          ...test('reqid', within(args.reqid)),
          ...test('spi', within(args.spi)),
          ...test('proto', within(args.proto)),
          ...test('mode', within(args.mode)),
          ...test('destination', within(args['tunnel-dst'])),
          ...test('source', within(args['tunnel-src'])),
        });
      }
      const kind = args.pol?.value ?? 'ipsec';
      const strict = args.strict !== undefined;
      const problem = kind === 'ipsec' ? problemOf(elements, strict) : undefined;
      if (problem !== undefined) return refuse(problem);
      if (kind === 'none' && strict) return refuse('--strict needs --pol ipsec');
      return {
        direction: args.dir.value,
        policy: kind,
        strict,
        elements: kind === 'none' ? [] : elements,
      };
    },
    print(info: PolicyInfo) {
      return [
        `--dir ${info.direction} --pol ${info.policy}`,
        ...(info.strict ? ['--strict'] : []),
        ...info.elements.flatMap((element, i) => [...(i > 0 ? ['--next'] : []), ...printElement(element)]),
      ];
    },
    check(info: PolicyInfo, { hook }) {
      if ((hook === 'PREROUTING' || hook === 'INPUT') && info.direction === 'out') {
        return `--dir out can't be used in ${hook}`;
      }
      if ((hook === 'POSTROUTING' || hook === 'OUTPUT') && info.direction === 'in') {
        return `--dir in can't be used in ${hook}`;
      }
      return undefined;
    },
    match: (info: PolicyInfo) => info.policy === 'none',
  }),
);

function test<K extends string, T>(key: K, [arg]: readonly Arg<T>[]): { readonly [P in K]?: Test<T> } {
  return (arg ? { [key]: { invert: arg.invert, value: arg.value } } : {}) as { readonly [P in K]?: Test<T> };
}

function problemOf(elements: readonly Element[], strict: boolean): string | undefined {
  if (elements.length > MAX_ELEMENTS) return `at most ${MAX_ELEMENTS} elements`;
  for (const element of elements) {
    if (strict && Object.keys(element).length === 0) return '--strict needs a condition in each element';
    const tunnel = element.mode?.value === 'tunnel' && !element.mode.invert;
    if ((element.source || element.destination) && !tunnel) {
      return '--tunnel-src and --tunnel-dst need --mode tunnel';
    }
  }
  return undefined;
}

function printElement({ reqid, spi, proto, mode, destination, source }: Element): string[] {
  return [
    ...(reqid ? [option('reqid', reqid.invert, reqid.value)] : []),
    ...(spi ? [option('spi', spi.invert, hex(spi.value))] : []),
    ...(proto ? [option('proto', proto.invert, savedProtocol(proto.value))] : []),
    ...(mode ? [option('mode', mode.invert, mode.value)] : []),
    ...(destination ? [option('tunnel-dst', destination.invert, formatHostMask(destination.value))] : []),
    ...(source ? [option('tunnel-src', source.invert, formatHostMask(source.value))] : []),
  ];
}
