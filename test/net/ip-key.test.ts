import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ipKey } from '../../src/net/ip-key.ts';

it('is another one for every address', () => {
  const ip = fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(ip, { maxLength: 50 }),
      (list) => new Set(list.map(ipKey)).size === list.length,
    ),
  );
});

it('has other lower bits for networks whose own are the same', () => {
  const networks = Array.from({ length: 1000 }, (_, at) => (0x20010db8n << 96n) | (BigInt(at) << 64n));
  expect(new Set(networks.map((ip) => BigInt.asUintN(64, BigInt(ipKey(ip))))).size).toBe(1000);
});
