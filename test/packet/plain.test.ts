import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { getUint128, viewOf } from '../../src/base/bytes.ts';
import { formatIp } from '../../src/net/ip.ts';
import { formatMac } from '../../src/net/mac.ts';
import { writeIpv4, writeIpv6, writeMac } from '../../src/packet/plain/address.ts';
import { Counter } from '../../src/packet/plain/counter.ts';
import {
  writeDecimal,
  writeFraction,
  writeLong,
  writeNanoseconds,
  writeShort,
} from '../../src/packet/plain/digits.ts';
import { Literal } from '../../src/packet/plain/literal.ts';

type Write = (out: DataView, at: number) => number;

/** What was written at an odd place. */
function written(write: Write): string {
  const out = new Uint8Array(80);
  const end = write(viewOf(out), 3);
  return Buffer.from(out.subarray(3, end)).toString();
}

function fourBytes(value: number): DataView {
  const view = new DataView(new ArrayBuffer(5));
  view.setUint32(1, value);
  return view;
}

const EDGES = [1e1, 1e2, 1e3, 1e4, 1e5, 1e7, 1e8, 1e9, 1e12, 2 ** 32, 2 ** 53].flatMap((edge) => [
  edge - 1,
  ...(edge < 2 ** 53 ? [edge] : []),
]);

describe('numbers', () => {
  it.each([0, 7, 42, 305, 10_203, ...EDGES])('%i', (value) => {
    expect(written((out, at) => writeDecimal(out, at, value))).toBe(String(value));
    if (value < 100_000) expect(written((out, at) => writeShort(out, at, value))).toBe(String(value));
    if (value < 2 ** 32)
      expect(written((out, at) => writeLong(out, at, fourBytes(value), 1))).toBe(String(value));
  });

  it.each([0, 1, 999, 1000, 1_000_001, 12_345_000, 500_000_000, 999_999_000, 999_999_999])(
    '%i ns',
    (value) => {
      const nine = String(value).padStart(9, '0');
      expect(written((out, at) => writeNanoseconds(out, at, value))).toBe(nine);
      expect(written((out, at) => writeFraction(out, at, value))).toBe(
        value % 1000 === 0 ? nine.slice(0, 6) : nine,
      );
    },
  );

  it('any', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(31), (large, shift) => {
        const value = Math.floor(large / 2 ** shift);
        expect(written((out, at) => writeDecimal(out, at, value))).toBe(String(value));
        const low = value % 2 ** 32;
        expect(written((out, at) => writeLong(out, at, fourBytes(low), 1))).toBe(String(low));
      }),
    );
  });

  it('that count up, and now and then do not', () => {
    const counter = new Counter();
    for (const first of [1, 1, 95, 9_998, 99_999_990, 5, 99_999_999_999_999, 2 ** 53 - 20]) {
      for (let value = first; value < first + 15; value++) {
        expect(written((out, at) => counter.write(out, at, value))).toBe(String(value).padStart(8));
      }
    }
  });
});

describe('addresses', () => {
  const sixteen = fc.oneof(
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 0xff, 0xffff, 0x0a00), { minLength: 8, maxLength: 8 })
      .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]))),
  );

  it('are what formatIp and formatMac give', () => {
    fc.assert(
      fc.property(sixteen, (bytes) => {
        const view = viewOf(bytes);
        expect(written((out, at) => writeIpv6(out, at, view, 0))).toBe(formatIp(getUint128(view, 0)));
        expect(written((out, at) => writeIpv4(out, at, view, 5))).toBe(formatIp(view.getUint32(5)));
        const mac = view.getUint16(2) * 2 ** 32 + view.getUint32(4);
        expect(written((out, at) => writeMac(out, at, view, 2))).toBe(formatMac(mac));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(['::', '::1', '1::', '::ffff:1.2.3.4', '0:0:0:1::', '1:0:0:2:0:0:0:3', '1:0:2:3:4:5:6:7'])(
    'however %s is shortened',
    (text) => {
      const bytes = new Uint8Array(16);
      const [head = '', tail] = text.replace('1.2.3.4', '102:304').split('::');
      const groups = (part: string) =>
        part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
      const before = groups(head);
      const after = tail === undefined ? [] : groups(tail);
      for (const [index, group] of before.entries()) viewOf(bytes).setUint16(2 * index, group);
      for (const [index, group] of after.entries())
        viewOf(bytes).setUint16(2 * (8 - after.length + index), group);
      expect(formatIp(getUint128(viewOf(bytes), 0))).toBe(
        written((out, at) => writeIpv6(out, at, viewOf(bytes), 0)),
      );
    },
  );
});

it.each(['', 'a', 'abc', 'abcd', 'häuser', ': TCP SYN+ACK, seq '])('the literal "%s"', (text) => {
  expect(written((out, at) => new Literal(text).write(out, at))).toBe(text);
});
