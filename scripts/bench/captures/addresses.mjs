/** Addresses as numbers, and the last 32 bits of MAC addresses (02:42:…) made of them. */
export function ip(text) {
  return text.split('.').reduce((value, byte) => ((value << 8) | Number(byte)) >>> 0, 0);
}

export function mac(low) {
  const hex = low.toString(16).padStart(8, '0');
  return `02:42:${hex.match(/../g).join(':')}`;
}
