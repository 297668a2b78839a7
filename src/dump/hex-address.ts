/** Addresses as files of /proc/net have them: %08X of the machine's own words. Nearly all machines are little endian; these are taken for one. */

/** `0100000A` is 10.0.0.1. */
export function ipv4OfHex(text: string): number | undefined {
  if (!/^[0-9a-f]{8}$/i.test(text)) return undefined;
  const value = Number.parseInt(text, 16);
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/** In network order, as /proc/net/ipv6_route and if_inet6 have it. */
export function ipv6OfHex(text: string): bigint | undefined {
  return /^[0-9a-f]{32}$/i.test(text) ? BigInt(`0x${text}`) : undefined;
}

/** Four words, each as an IPv4 address: /proc/net/tcp6. */
export function ipv6OfWords(text: string): bigint | undefined {
  if (!/^[0-9a-f]{32}$/i.test(text)) return undefined;
  let value = 0n;
  for (let i = 0; i < 32; i += 8) value = (value << 32n) | BigInt(ipv4OfHex(text.slice(i, i + 8)) ?? 0);
  return value;
}
