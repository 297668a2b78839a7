/** hmark_tg_v4(), net/netfilter/xt_HMARK.c: the packet's mark becomes a hash of what it is made of. */
import { lazily } from '../../base/memo.ts';
import { isUnknown } from '../../base/ternary.ts';
import { DECIDED, defineTarget, refuse, type Value } from '../extension.ts';
import { listedOption, listing, type Part } from '../listing.ts';
import { flag, hex, number, readNumber } from '../values/number.ts';
import { hmarkOf } from './hmark-hash.ts';

const MAX_U32 = 0xffffffff;
const TUPLE = ['src', 'dst', 'sport', 'dport', 'spi', 'proto', 'ct'] as const;
/** Options as they print, in that order; a tuple's word gives the widest value of its option. */
const FIELDS = [
  { name: 'hmark-src-prefix', width: 0, tuple: 'src' },
  { name: 'hmark-dst-prefix', width: 0, tuple: 'dst' },
  { name: 'hmark-sport-mask', width: 4, tuple: 'sport' },
  { name: 'hmark-dport-mask', width: 4, tuple: 'dport' },
  { name: 'hmark-spi-mask', width: 8, tuple: 'spi' },
  { name: 'hmark-sport', width: 4, tuple: undefined },
  { name: 'hmark-dport', width: 4, tuple: undefined },
  { name: 'hmark-spi', width: 8, tuple: undefined },
  { name: 'hmark-proto-mask', width: 2, tuple: 'proto' },
  { name: 'hmark-rnd', width: 8, tuple: undefined },
] as const;

type Field = (typeof FIELDS)[number]['name'];

export interface HmarkInfo {
  readonly fields: Readonly<Partial<Record<Field, number>>>;
  readonly modulus: number;
  readonly offset?: number;
  readonly connection: boolean;
}

const tuple: Value<readonly (typeof TUPLE)[number][]> = {
  words: 1,
  expected: `one or more of ${TUPLE.join(', ')}, separated by commas`,
  read([text = '']) {
    const list = text.split(',').map((word) => TUPLE.find((each) => each === word));
    const found = list.filter((each) => each !== undefined);
    return found.length === list.length ? found : undefined;
  },
};
const port = { value: number(0xffff) } as const;
const word = { value: number(MAX_U32) } as const;
const prefix: Value<number> = {
  words: 1,
  expected: 'a prefix length',
  read: ([text = ''], { family }) => readNumber(text.replace(/^\//, ''), family === 4 ? 32 : 128),
};

export const HMARK = lazily(() =>
  defineTarget({
    name: 'HMARK',
    support: DECIDED,
    options: {
      'hmark-tuple': { value: tuple },
      'hmark-src-prefix': { value: prefix },
      'hmark-dst-prefix': { value: prefix },
      'hmark-sport-mask': port,
      'hmark-dport-mask': port,
      'hmark-spi-mask': word,
      'hmark-sport': port,
      'hmark-dport': port,
      'hmark-spi': word,
      'hmark-proto-mask': { value: number(0xffff) },
      'hmark-rnd': { ...word, required: true },
      'hmark-mod': { value: number(MAX_U32, 1), required: true },
      'hmark-offset': word,
      'hmark-set': { value: flag },
    },
    listing: () =>
      listing(/HMARK(?: ct,)?/, [
        [/mod (?<v>\d+)/, 'hmark-mod'],
        [/\+ (?<v>\S+)/, 'hmark-offset'],
        [/ct,?/, () => [listedOption('hmark-tuple', 'ct')]],
        ...FIELDS.map(({ name }): Part => [new RegExp(`${name.slice('hmark-'.length)} (?<v>\\S+)`), name]),
      ]),
    build(args, { family }) {
      const words = args['hmark-tuple']?.value ?? [];
      const fields: Partial<Record<Field, number>> = {};
      for (const { name, tuple } of FIELDS) {
        if (tuple !== undefined && words.includes(tuple)) fields[name] = widest(name, family);
        const given = args[name]?.value;
        if (given !== undefined) fields[name] = given;
      }
      const ports = fields['hmark-sport-mask'] !== undefined || fields['hmark-dport-mask'] !== undefined;
      const portValues = fields['hmark-sport'] !== undefined || fields['hmark-dport'] !== undefined;
      if (
        (ports || portValues) &&
        (fields['hmark-spi-mask'] !== undefined || fields['hmark-spi'] !== undefined)
      ) {
        return refuse('ports and SPI cannot be hashed together');
      }
      if (Object.keys(fields).length < 2) return refuse('nothing is given to hash: --hmark-tuple src,dst,…');
      const info: HmarkInfo = {
        fields,
        modulus: args['hmark-mod'].value,
        ...(args['hmark-offset']?.value ? { offset: args['hmark-offset'].value } : {}),
        connection: words.includes('ct'),
      };
      return info;
    },
    print: (info: HmarkInfo) => [
      ...FIELDS.flatMap(({ name, width }) => {
        const value = info.fields[name];
        if (value === undefined) return [];
        const digits = name === 'hmark-proto-mask' && value > 0xff ? 4 : width;
        return [`--${name} ${width === 0 ? value : hex(value, digits)}`];
      }),
      `--hmark-mod ${info.modulus}`,
      ...(info.offset === undefined ? [] : [`--hmark-offset ${info.offset}`]),
      ...(info.connection ? ['--hmark-tuple ct'] : []),
    ],
    apply(info: HmarkInfo, { skb }) {
      const mark = hmarkOf(info, skb);
      if (isUnknown(mark)) return { kind: 'unknown', why: `the mark that HMARK computes: ${mark.why}` };
      if (mark !== undefined) skb.mark = mark;
      return { kind: 'continue' };
    },
  }),
);

function widest(name: Field, family: 4 | 6): number {
  if (name === 'hmark-src-prefix' || name === 'hmark-dst-prefix') return family === 4 ? 32 : 128;
  return name === 'hmark-spi-mask' ? MAX_U32 : 0xffff;
}
