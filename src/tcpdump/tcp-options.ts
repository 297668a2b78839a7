/** `mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7` as the bytes they stand for. */
export interface CodedOptions {
  readonly bytes: Uint8Array;
  /** With padding; at least that of what could be read. */
  readonly length: number;
  /** Every option was understood. */
  readonly whole: boolean;
}

/** `shift` is added to the edges of SACK blocks, which are printed as the acknowledgement is: relative or not. */
export function encodeOptions(text: string, shift: number): CodedOptions {
  const coded: number[] = [];
  let whole = true;
  for (const option of optionsIn(text)) {
    const bytes = encode(option, shift);
    if (!bytes) {
      whole = false;
      break;
    }
    coded.push(...bytes);
  }
  while (whole && coded.length % 4 !== 0) coded.push(0);
  const kept = coded.slice(0, 40);
  return { bytes: Uint8Array.from(kept), length: Math.min(40, Math.ceil(kept.length / 4) * 4), whole };
}

function optionsIn(text: string): string[] {
  return text
    .split(/,(?![^{]*\})/)
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

function encode(option: string, shift: number): number[] | undefined {
  const [name = '', value = ''] = option.split(/\s+/);
  switch (name) {
    case 'eol':
      return [0];
    case 'nop':
      return [1];
    case 'mss':
      return /^\d+$/.test(value) ? [2, 4, ...word(Number(value)).slice(2)] : undefined;
    case 'wscale':
      return /^\d+$/.test(value) ? [3, 3, Number(value) & 0xff] : undefined;
    case 'sackOK':
      return [4, 2];
    case 'TS':
    case 'timestamp':
      return stamp(option);
    case 'sack':
      return sack(option, shift);
    default:
      return undefined;
  }
}

function stamp(option: string): number[] | undefined {
  const match = /^(?:TS val (\d+) ecr (\d+)|timestamp (\d+) (\d+))$/.exec(option);
  if (!match) return undefined;
  return [8, 10, ...word(Number(match[1] ?? match[3])), ...word(Number(match[2] ?? match[4]))];
}

function sack(option: string, shift: number): number[] | undefined {
  const edges = [...option.matchAll(/\{(\d+):(\d+)\}/g)].flatMap(([, left, right]) => [
    Number(left),
    Number(right),
  ]);
  if (edges.length === 0 || edges.length > 8) return undefined;
  return [5, 2 + edges.length * 4, ...edges.flatMap((edge) => word(edge + shift))];
}

function word(value: number): number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}
