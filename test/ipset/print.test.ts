import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DumpContent } from '../../src/dump/dump.ts';
import { printDump } from '../../src/dump/print.ts';
import type { EntryOptions, IpSet, Part, SetEntry, SetHeader } from '../../src/ipset/record.ts';
import { SET_TYPES, typeOf } from '../../src/ipset/types.ts';
import type { Family, Ip } from '../../src/net/ip.ts';
import { networkOf } from '../../src/net/prefix.ts';
import { bare, read } from '../dump/same.ts';

/** print ∘ parse is the identity on the sets of every type, in both forms that ipset prints. */
const span = { path: 'made', line: 1 };
const uint = (max: number) => fc.integer({ min: 0, max });
const ip = (family: Family): fc.Arbitrary<Ip> =>
  family === 4 ? uint(0xffffffff) : fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
const name = fc.stringMatching(/^[A-Za-z][\w.:-]{0,30}$/).filter((text) => text !== 'ipset');

const PART: Readonly<Record<string, (family: Family, header: SetHeader) => fc.Arbitrary<Part>>> = {
  ip: (family) =>
    ip(family).map((address) => ({ kind: 'address', address, length: family === 4 ? 32 : 128 })),
  net: (family) =>
    fc
      .tuple(ip(family), fc.integer({ min: 1, max: family === 4 ? 32 : 128 }))
      .map(([address, length]) => ({ kind: 'address', ...networkOf(address, length) })),
  mac: () => uint(0xffffffffffff).map((mac) => ({ kind: 'mac', mac })),
  mark: () => uint(0xffffffff).map((mark) => ({ kind: 'mark', mark })),
  iface: () =>
    fc.record({
      kind: fc.constant('iface' as const),
      name: fc.stringMatching(/^[a-z][a-z0-9.]{0,14}$/),
      physdev: fc.boolean(),
    }),
  set: () => name.map((text) => ({ kind: 'member', name: text })),
  port: (_, header) =>
    typeOf(header).store === 'bitmap'
      ? uint(65535).map((port) => ({ kind: 'port', port }))
      : fc
          .oneof(
            fc.tuple(fc.constantFrom(6, 17, 132, 136), uint(65535)),
            fc.tuple(fc.constantFrom(1, 58), uint(65535)),
            fc.tuple(fc.constantFrom(47, 50, 99, 255), fc.constant(0)),
          )
          .map(([protocol, port]) => ({ kind: 'port', protocol, port })),
};

const header: fc.Arbitrary<SetHeader> = fc
  .record({
    type: fc.constantFrom(...SET_TYPES),
    family: fc.constantFrom<Family>(4, 6),
    timeout: fc.option(uint(2147483), { nil: undefined }),
    flags: fc.record({
      counters: fc.boolean(),
      comment: fc.boolean(),
      skbinfo: fc.boolean(),
      forceadd: fc.boolean(),
    }),
    numbers: fc.tuple(uint(20), uint(0xffffffff), fc.integer({ min: 1, max: 32 }), uint(0xffffffff)),
    masked: fc.boolean(),
  })
  .map(({ type, family, timeout, flags, numbers: [bits, maxelem, netmask, initval], masked }) => ({
    type: type.name,
    ...(type.families.length === 0 ? {} : { family: type.families.includes(family) ? family : 4 }),
    ...(type.store === 'hash' ? { hashsize: 2 ** (6 + bits), maxelem, bucketsize: 12, initval } : {}),
    ...(type.store === 'hash' && type.options.includes('netmask') && masked ? { netmask } : {}),
    ...(type.store === 'list' ? { size: 8 } : {}),
    ...(type.store === 'bitmap'
      ? {
          range:
            type.families.length > 0 ? { first: 0x0a000000, last: 0x0a00ffff } : { first: 0, last: 65535 },
        }
      : {}),
    ...(timeout === undefined ? {} : { timeout }),
    ...flags,
  }));

function options(of: SetHeader): fc.Arbitrary<EntryOptions> {
  const type = typeOf(of);
  const some = <T>(has: boolean, arbitrary: fc.Arbitrary<T>) =>
    has ? fc.option(arbitrary, { nil: undefined }) : fc.constant(undefined);
  const always = <T>(has: boolean, arbitrary: fc.Arbitrary<T>) => (has ? arbitrary : fc.constant(undefined));
  return fc
    .record({
      timeout: always(of.timeout !== undefined, uint(2147483)),
      nomatch: some(type.nomatch === true, fc.constant(true as const)),
      wildcard: some(type.name === 'hash:net,iface', fc.constant(true as const)),
      packets: always(of.counters, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      bytes: always(of.counters, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
      comment: some(
        of.comment,
        fc.stringMatching(/^[^"\x00-\x1f]{1,40}$/).filter((text) => text.trim() !== ''),
      ),
      skbmark: some(
        of.skbinfo,
        fc.record({ mark: uint(0xffffffff), mask: fc.integer({ min: 1, max: 0xffffffff }) }),
      ),
      skbprio: some(of.skbinfo, fc.integer({ min: 1, max: 0xffffffff })),
      skbqueue: some(of.skbinfo, fc.integer({ min: 1, max: 65535 })),
    })
    .map((values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)));
}

const ipset: fc.Arbitrary<IpSet> = fc.tuple(name, header).chain(([setName, of]) => {
  const { dimensions } = typeOf(of);
  const parts = fc.tuple(
    ...dimensions.map(
      (dimension) =>
        PART[dimension.name]?.(of.family ?? 4, of) ?? fc.constant<Part>({ kind: 'mark', mark: 0 }),
    ),
  );
  const entry: fc.Arbitrary<SetEntry> = fc
    .tuple(parts, options(of))
    .map(([own, more]) => ({ parts: own, ...more, span }));
  return fc.array(entry, { maxLength: 4 }).map((entries) => ({ name: setName, header: of, entries, span }));
});

describe('sets', () => {
  it('print as ipset save what reads back the same', () => {
    fc.assert(
      fc.property(ipset, (set) => {
        const content: DumpContent = { kind: 'ipsets', sets: [set] };
        const printed = printDump(content) ?? '';
        const again = read('made', printed);
        expect(again.issues, printed).toEqual([]);
        expect(bare(again.content), printed).toEqual(bare(content));
        expect(printDump(again.content)).toBe(printed);
      }),
    );
  });

  it('whose elements were not dumped print as ipset list does', () => {
    fc.assert(
      fc.property(ipset, (set) => {
        const { entries: _, ...shown } = set;
        const content: DumpContent = { kind: 'ipsets', sets: [shown, { ...set, name: 'other' }] };
        const again = read('made', printDump(content) ?? '');
        expect(again.issues).toEqual([]);
        const sets = again.content.kind === 'ipsets' ? again.content.sets : [];
        expect(
          sets.find((each) => each.name === shown.name)?.entries === undefined || shown.name === 'other',
        ).toBe(true);
      }),
    );
  });
});
