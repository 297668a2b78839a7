/** `ipset save` of one hash:ip of so many members, spread over 16.0.0.0/4; `isCounted`: with timeouts and counters. */
export function ipset(members, isCounted = false, name = 'banned') {
  const size = 2 ** Math.ceil(Math.log2(Math.max(1024, members)));
  const parts = [
    `create ${name} hash:ip family inet hashsize ${size} maxelem ${Math.max(65536, members)}${isCounted ? ' timeout 86400 counters' : ''} bucketsize 12 initval 0x5ca1ab1e\n`,
  ];
  for (let index = 0; index < members; index++) {
    // An odd multiplier goes through all 2^28 addresses before one comes again.
    const value = (Math.imul(index + 1, 2654435761) >>> 4) + 0x10000000;
    const address = `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
    const options = isCounted ? ` timeout ${3600 + (index % 80_000)} packets 0 bytes 0` : '';
    parts.push(`add ${name} ${address}${options}\n`);
  }
  return parts.join('');
}
