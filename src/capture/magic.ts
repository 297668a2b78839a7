/** The first bytes of capture files, after decompression. */
export type CaptureFormat = 'pcap' | 'pcapng' | 'snoop' | 'tcpdump';

/** Bytes that are enough for both functions here. */
export const MAGIC_LENGTH = 16;

/** What tcpdump printed, made into records (told-writer.ts); never a file. */
export const TOLD_MAGIC = 'nettrace-told/1\n';

export function isCapture(head: Uint8Array): CaptureFormat | undefined {
  switch (word(head, 0)) {
    case 0xa1b2c3d4:
    case 0xd4c3b2a1:
    case 0xa1b23c4d:
    case 0x4d3cb2a1:
    case 0xa1b2cd34:
    case 0x34cdb2a1:
      return 'pcap';
    case 0x0a0d0d0a:
      return word(head, 8) === 0x1a2b3c4d || word(head, 8) === 0x4d3c2b1a ? 'pcapng' : undefined;
    case 0x736e6f6f:
      return word(head, 4) === 0x70000000 ? 'snoop' : undefined;
    case 0x6e657474:
      return String.fromCharCode(...head.subarray(0, MAGIC_LENGTH)) === TOLD_MAGIC ? 'tcpdump' : undefined;
    default:
      return undefined;
  }
}

const OTHERS: readonly (readonly [magic: string, name: string])[] = [
  ['btsnoop\0', 'a Bluetooth snoop log'],
  ['GMBU', 'a Microsoft Network Monitor 2 capture'],
  ['RTSS', 'a Microsoft Network Monitor 1 capture'],
  ['XCP\0', 'a NetXray or Windows Sniffer capture'],
  ['TRSNIFF data', 'a DOS Sniffer capture'],
  ['\x1c\x00\x01\xac', 'an IxVeriWave capture'],
  ['\x1c\x00\x01\xab', 'an IxVeriWave capture'],
  ['\x7fver', 'a WildPackets EtherPeek capture'],
];

/** Name of a capture format that is known but not read. */
export function foreignCapture(head: Uint8Array): string | undefined {
  const text = String.fromCharCode(...head.subarray(0, MAGIC_LENGTH));
  return OTHERS.find(([magic]) => text.startsWith(magic))?.[1];
}

function word(head: Uint8Array, at: number): number {
  const [a, b, c, d] = head.subarray(at, at + 4);
  if (a === undefined || b === undefined || c === undefined || d === undefined) return -1;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}
