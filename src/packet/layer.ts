/** A header of a packet as a list of its fields, for people who look into it. */

export interface PacketLayer {
  /** `IPv4`, `TCP`, `VXLAN`. */
  readonly name: string;
  /** How many packets it is inside of: those of tunnels, and what an ICMP error quotes. */
  readonly depth: number;
  readonly fields: readonly LayerField[];
}

export interface LayerField {
  /** In words. */
  readonly name: string;
  /** As Wireshark's filters call it; absent: they have no field for it. */
  readonly field?: string;
  /** As `tshark -T fields` prints it, times of day aside. Plain text, fit for a terminal. */
  readonly value: string;
  /** What that means: `SYN+ACK`, `wrong`. */
  readonly note?: string;
}

export function field(name: string, wireshark: string, value: number | string, note?: string): LayerField {
  return { name, field: wireshark, value: String(value), ...(note !== undefined && { note }) };
}

export function hexField(
  name: string,
  wireshark: string,
  value: number,
  digits: number,
  note?: string,
): LayerField {
  return field(name, wireshark, `0x${value.toString(16).padStart(digits, '0')}`, note);
}

export function bitField(name: string, wireshark: string, isSet: boolean): LayerField {
  return field(name, wireshark, isSet ? 1 : 0, isSet ? 'yes' : 'no');
}
