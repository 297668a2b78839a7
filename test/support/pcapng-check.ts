/**
 * A strict reader of pcapng, block by block, after draft-ietf-opsawg-pcapng: whatever a careful reader could object to is an error. It
 * shares no code with the program's own reader and writer. One section, little-endian.
 */
export interface CheckedPacket {
  readonly interface: number;
  /** In the interface's units, as it stands in the block. */
  readonly stamp: bigint;
  /** Nanoseconds since 1970, resolution and offset of the interface taken into account. */
  readonly nanoseconds: bigint;
  readonly bytes: Buffer;
  readonly length: number;
  readonly comments: readonly string[];
  readonly options: readonly CheckedOption[];
}

export interface CheckedOption {
  readonly code: number;
  readonly value: Buffer;
}

export interface CheckedInterface {
  readonly linkType: number;
  readonly snaplen: number;
  readonly options: readonly CheckedOption[];
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly resolution: number;
  readonly offset: bigint;
}

export interface CheckedFile {
  readonly comments: readonly string[];
  readonly application: string | undefined;
  readonly interfaces: readonly CheckedInterface[];
  readonly packets: readonly CheckedPacket[];
  readonly lost: ReadonlyMap<number, bigint>;
}

/** Lengths that options have, by block type and code; of the others any. */
const FIXED: Readonly<Record<number, Readonly<Record<number, number>>>> = {
  1: { 4: 8, 5: 17, 6: 6, 7: 8, 8: 8, 9: 1, 10: 4, 13: 1, 14: 8, 16: 8, 17: 8 },
  5: { 2: 8, 3: 8, 4: 8, 5: 8, 6: 8, 7: 8, 8: 8 },
  6: { 2: 4, 4: 8, 5: 8, 6: 4 },
};
/** Options that may stand more than once: comments, custom ones, addresses, hashes, verdicts. */
const REPEATED: Readonly<Record<number, readonly number[]>> = {
  168627466: [1, 2988, 2989, 19372, 19373],
  1: [1, 4, 5, 2988, 2989, 19372, 19373],
  5: [1, 2988, 2989, 19372, 19373],
  6: [1, 3, 7, 2988, 2989, 19372, 19373],
};
const CODES: Readonly<Record<number, number>> = { 168627466: 4, 1: 18, 5: 8, 6: 7 };
const TEXTS: Readonly<Record<number, readonly number[]>> = {
  168627466: [1, 2, 3, 4],
  1: [1, 2, 3, 12, 15, 18],
  5: [1],
  6: [1],
};

export function checkPcapng(file: Buffer): CheckedFile {
  const fail = (at: number, text: string): never => {
    throw new Error(`at byte ${at}: ${text}`);
  };
  const interfaces: CheckedInterface[] = [];
  const packets: CheckedPacket[] = [];
  const lost = new Map<number, bigint>();
  let section: readonly CheckedOption[] | undefined;

  const optionsOf = (type: number, start: number, end: number): CheckedOption[] => {
    const options: CheckedOption[] = [];
    if (start === end) return options;
    let at = start;
    for (;;) {
      if (at + 4 > end) fail(at, 'the options end without opt_endofopt');
      const code = file.readUInt16LE(at);
      const length = file.readUInt16LE(at + 2);
      if (code === 0) {
        if (length !== 0) fail(at, `opt_endofopt has length ${length}`);
        if (at + 4 !== end) fail(at, `${end - at - 4} bytes behind opt_endofopt`);
        return options;
      }
      const next = at + 4 + length + ((4 - (length % 4)) % 4);
      if (next > end) fail(at, `option ${code} leaves its block`);
      if (file.subarray(at + 4 + length, next).some((byte) => byte !== 0)) fail(at, 'padding is not zero');
      if (code > (CODES[type] ?? 0) && code < 2048 && !REPEATED[type]?.includes(code))
        fail(at, `option ${code} is not one of block type ${type}`);
      const fixed = FIXED[type]?.[code];
      if (fixed !== undefined && fixed !== length)
        fail(at, `option ${code} has ${length} bytes, not ${fixed}`);
      if (options.some((one) => one.code === code) && !REPEATED[type]?.includes(code))
        fail(at, `option ${code} stands twice`);
      const value = file.subarray(at + 4, at + 4 + length);
      if (TEXTS[type]?.includes(code)) new TextDecoder('utf-8', { fatal: true }).decode(value);
      options.push({ code, value });
      at = next;
    }
  };
  const text = (options: readonly CheckedOption[], code: number): string | undefined =>
    options.find((one) => one.code === code)?.value.toString();
  const comments = (options: readonly CheckedOption[]): string[] =>
    options.filter(({ code }) => code === 1).map(({ value }) => value.toString());

  let at = 0;
  while (at < file.length) {
    if (at + 12 > file.length) fail(at, 'a rest too short for a block');
    const type = file.readUInt32LE(at);
    const total = file.readUInt32LE(at + 4);
    if (total % 4 !== 0 || total < 12) fail(at, `block length ${total}`);
    if (at + total > file.length) fail(at, `a block of ${total} bytes leaves the file`);
    if (file.readUInt32LE(at + total - 4) !== total) fail(at, 'the two block lengths differ');
    const body = at + 8;
    const end = at + total - 4;
    if ((section === undefined) !== (type === 0x0a0d0d0a)) fail(at, 'not one section header, first');
    switch (type) {
      case 0x0a0d0d0a:
        if (file.readUInt32LE(body) !== 0x1a2b3c4d) fail(at, 'byte-order magic');
        if (file.readUInt16LE(body + 4) !== 1 || file.readUInt16LE(body + 6) !== 0) fail(at, 'version');
        if (file.readBigInt64LE(body + 8) !== -1n) fail(at, 'section length');
        section = optionsOf(type, body + 16, end);
        break;
      case 1: {
        if (file.readUInt16LE(body + 2) !== 0) fail(at, 'the reserved field is not zero');
        const options = optionsOf(type, body + 8, end);
        const resolution = options.find(({ code }) => code === 9)?.value[0] ?? 6;
        const offset = options.find(({ code }) => code === 14)?.value.readBigInt64LE(0) ?? 0n;
        if (resolution !== 6 && resolution !== 9) fail(at, `resolution ${resolution}`);
        interfaces.push({
          linkType: file.readUInt16LE(body),
          snaplen: file.readUInt32LE(body + 4),
          options,
          name: text(options, 2),
          description: text(options, 3),
          resolution,
          offset,
        });
        break;
      }
      case 5: {
        const index = file.readUInt32LE(body);
        if (index >= interfaces.length) fail(at, `interface ${index} is not described`);
        for (const { code, value } of optionsOf(type, body + 12, end))
          if (code === 5) lost.set(index, value.readBigUInt64LE(0));
        break;
      }
      case 6: {
        const index = file.readUInt32LE(body);
        const own = interfaces[index] ?? fail(at, `interface ${index} is not described`);
        const captured = file.readUInt32LE(body + 12);
        const length = file.readUInt32LE(body + 16);
        const data = body + 20;
        const behind = data + captured + ((4 - (captured % 4)) % 4);
        if (behind > end) fail(at, `${captured} bytes captured leave their block`);
        if (file.subarray(data + captured, behind).some((byte) => byte !== 0))
          fail(at, 'padding is not zero');
        const stamp = (BigInt(file.readUInt32LE(body + 4)) << 32n) | BigInt(file.readUInt32LE(body + 8));
        const options = optionsOf(type, behind, end);
        packets.push({
          interface: index,
          stamp,
          nanoseconds: stamp * (own.resolution === 6 ? 1000n : 1n) + own.offset * 1_000_000_000n,
          bytes: file.subarray(data, data + captured),
          length,
          comments: comments(options),
          options,
        });
        break;
      }
      default:
        fail(at, `block type ${type}`);
    }
    at += total;
  }
  if (!section) throw new Error('an empty file');
  return { comments: comments(section), application: text(section, 4), interfaces, packets, lost };
}
