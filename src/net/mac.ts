/** An Ethernet address as a 48-bit number (it fits a double exactly); text only at the edge. */
export type Mac = number;

export const BROADCAST_MAC: Mac = 0xffffffffffff;

export function parseMac(text: string): Mac | undefined {
  if (!/^[0-9a-fA-F]{1,2}([:-][0-9a-fA-F]{1,2}){5}$/.test(text)) return undefined;
  return text.split(/[:-]/).reduce((value, part) => value * 256 + Number.parseInt(part, 16), 0);
}

export function formatMac(mac: Mac): string {
  return mac.toString(16).padStart(12, '0').match(/../g)?.join(':') ?? '';
}

/** Group bit set: broadcast or multicast. */
export function isGroupMac(mac: Mac): boolean {
  return Math.floor(mac / 2 ** 40) % 2 === 1;
}
