/** proto_ports_offset(), include/linux/in.h: where ports, or the SPI of ESP and AH in their place, stand behind the IP header. */
const OFFSETS: Readonly<Record<number, number>> = { 6: 0, 17: 0, 33: 0, 50: 0, 51: 4, 132: 0, 136: 0 };

/** Undefined for protocols without any. */
export function portsOffset(protocol: number): number | undefined {
  return OFFSETS[protocol];
}
