/** An Ethernet address as a 48-bit number (it fits a double exactly); text only at the edge. */
export type Mac = number;

export const BROADCAST_MAC: Mac = 0xffffffffffff;

export function parseMac(text: string): Mac | undefined {
  if (!/^[0-9a-fA-F]{1,2}([:-][0-9a-fA-F]{1,2}){5}$/.test(text)) return undefined;
  return text.split(/[:-]/).reduce((value, part) => value * 256 + Number.parseInt(part, 16), 0);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function formatMac(mac: Mac): string {
  const high = Math.floor(mac / 2 ** 32);
  const low = mac >>> 0;
  const front = `${HEX[high >> 8]}:${HEX[high & 255]}:${HEX[low >>> 24]}`;
  return `${front}:${HEX[(low >>> 16) & 255]}:${HEX[(low >>> 8) & 255]}:${HEX[low & 255]}`;
}

/** Group bit set: broadcast or multicast. */
export function isGroupMac(mac: Mac): boolean {
  return Math.floor(mac / 2 ** 40) % 2 === 1;
}
