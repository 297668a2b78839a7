/** What pcapng's blocks and options are made of: draft-ietf-opsawg-pcapng sections 3 and 4. */
export const BLOCK = {
  section: 0x0a0d0d0a,
  interface: 1,
  packet: 2,
  simple: 3,
  statistics: 5,
  enhanced: 6,
} as const;
export const ORDER_MAGIC = 0x1a2b3c4d;
export const OPTION = {
  end: 0,
  comment: 1,
  hardware: 2,
  system: 3,
  application: 4,
  ifName: 2,
  ifDescription: 3,
  packetFlags: 2,
  packetId: 5,
  ifTsresol: 9,
  ifFilter: 11,
  ifSystem: 12,
  ifTsoffset: 14,
  ifHardware: 15,
  statisticsDropped: 5,
} as const;

/** Blocks whose body matters here; all others are passed over. */
export function isRead(type: number): boolean {
  return (
    type === BLOCK.enhanced ||
    type === BLOCK.section ||
    type === BLOCK.interface ||
    type === BLOCK.packet ||
    type === BLOCK.simple ||
    type === BLOCK.statistics
  );
}

/** UTF-8 of an option, without the zero byte some writers add. */
export function textOf(view: DataView, at: number, length: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length);
  return new TextDecoder().decode(bytes).replace(/\0[\s\S]*$/, '');
}

/** Calls back for each option until the end option, the end of the block or a length that leaves it. */
export function walkOptions(
  view: DataView,
  little: boolean,
  start: number,
  end: number,
  each: (code: number, offset: number, length: number) => void,
): void {
  let at = start;
  while (at + 4 <= end) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === OPTION.end || at + 4 + length > end) return;
    each(code, at + 4, length);
    at += 4 + Math.ceil(length / 4) * 4;
  }
}

/** Where the option stands that ends them; undefined: none does before `end`. */
export function optionsEnd(view: DataView, little: boolean, start: number, end: number): number | undefined {
  for (let at = start; at + 4 <= end; at += 4 + Math.ceil(view.getUint16(at + 2, little) / 4) * 4)
    if (view.getUint16(at, little) === OPTION.end) return at;
  return undefined;
}
