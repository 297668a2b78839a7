/** `ipset save` of one hash:ip of so many members, spread over 16.0.0.0/4. */
export function ipset(members, name = 'banned') {
  const size = 2 ** Math.ceil(Math.log2(Math.max(1024, members)));
  const parts = [
    `create ${name} hash:ip family inet hashsize ${size} maxelem ${Math.max(65536, members)} bucketsize 12 initval 0x5ca1ab1e\n`,
  ];
  for (let index = 0; index < members; index++) {
    // An odd multiplier goes through all 2^28 addresses before one comes again.
    const value = (Math.imul(index + 1, 2654435761) >>> 4) + 0x10000000;
    parts.push(`add ${name} ${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}\n`);
  }
  return parts.join('');
}
