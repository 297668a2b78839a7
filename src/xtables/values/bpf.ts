/** Classic BPF (linux/filter.h, bpf_check_classic() and the filter machine of net/core/filter.c), without ancillary data. */
import { type Unknown, unknown } from '../../base/ternary.ts';

export interface Instruction {
  readonly code: number;
  readonly jumpTrue: number;
  readonly jumpFalse: number;
  readonly k: number;
}

const [LD, LDX, ST, STX, ALU, JMP, RET] = [0, 1, 2, 3, 4, 5, 6];
const [IMM, ABS, IND, MEM, LEN, MSH] = [0x00, 0x20, 0x40, 0x60, 0x80, 0xa0];
const SIZES: Readonly<Record<number, number>> = { 0: 4, 8: 2, 16: 1 };
const SCRATCH = 16;
/** Offsets from here up mean the link-layer header, the network header or ancillary data. */
const SPECIAL = 0x80000000;

/** Every path must end in a return inside the program; jumps only go forward, so every run ends. */
export function programProblem(program: readonly Instruction[]): string | undefined {
  for (const [i, { code, jumpTrue, jumpFalse, k }] of program.entries()) {
    const kind = code & 7;
    const rest = program.length - i - 1;
    if (code > 0xff) return `instruction ${i} is not classic BPF`;
    if (kind === JMP && ((code & 0xf0) === 0 ? k >= rest : Math.max(jumpTrue, jumpFalse) >= rest)) {
      return `instruction ${i} jumps behind the end`;
    }
    if (((kind === LD || kind === LDX) && (code & 0xe0) === MEM) || kind === ST || kind === STX) {
      if (k >= SCRATCH) return `instruction ${i} uses scratch word ${k} of ${SCRATCH}`;
    }
    if (kind === ALU && ((code & 0xf0) === 0x30 || (code & 0xf0) === 0x90) && (code & 8) === 0 && k === 0) {
      return `instruction ${i} divides by zero`;
    }
  }
  return ((program.at(-1)?.code ?? 0) & 7) === RET ? undefined : 'the last instruction is no return';
}

/** What the program returns; 0 for a read outside the packet, unknown for one outside the capture. */
export function runProgram(
  program: readonly Instruction[],
  bytes: Uint8Array,
  length: number,
): number | Unknown {
  const scratch = new Array<number>(SCRATCH).fill(0);
  let a = 0;
  let x = 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const load = (offset: number, size: number): number | 'outside' | Unknown => {
    if (offset >= SPECIAL) return unknown('ancillary data that the BPF program asks for');
    if (offset + size > length) return 'outside';
    if (offset + size > bytes.length) return unknown('bytes that the capture has not (capture with -s 0)');
    return size === 4 ? view.getUint32(offset) : size === 2 ? view.getUint16(offset) : view.getUint8(offset);
  };
  for (let pc = 0; pc < program.length; pc++) {
    const { code, jumpTrue, jumpFalse, k } = program[pc] as Instruction;
    const mode = code & 0xe0;
    switch (code & 7) {
      case LD:
      case LDX: {
        let value: number | 'outside' | Unknown;
        if (mode === IMM) value = k;
        else if (mode === LEN) value = length;
        else if (mode === MEM) value = scratch[k] ?? 0;
        else if (mode === ABS) value = load(k, SIZES[code & 0x18] ?? 4);
        else if (mode === IND) value = load((x + k) >>> 0, SIZES[code & 0x18] ?? 4);
        else if (mode === MSH) {
          const byte = load(k, 1);
          value = typeof byte === 'number' ? (byte & 15) * 4 : byte;
        } else return 0;
        if (typeof value !== 'number') return value === 'outside' ? 0 : value;
        if ((code & 7) === LD) a = value;
        else x = value;
        break;
      }
      case ST:
        scratch[k] = a;
        break;
      case STX:
        scratch[k] = x;
        break;
      case ALU: {
        const result = arithmetic(code & 0xf0, a, code & 8 ? x : k);
        if (result === undefined) return 0;
        a = result;
        break;
      }
      case JMP: {
        const operand = code & 8 ? x : k;
        const kind = code & 0xf0;
        if (kind === 0) pc += k;
        else pc += jumps(kind, a, operand) ? jumpTrue : jumpFalse;
        break;
      }
      case RET:
        return code & 0x10 ? a : k;
      default:
        if (code & 0x80) a = x;
        else x = a;
    }
  }
  return 0;
}

/** Undefined for a division by zero, which ends the program with 0. */
function arithmetic(kind: number, a: number, operand: number): number | undefined {
  switch (kind) {
    case 0x00:
      return (a + operand) >>> 0;
    case 0x10:
      return (a - operand) >>> 0;
    case 0x20:
      return Math.imul(a, operand) >>> 0;
    case 0x30:
      return operand === 0 ? undefined : Math.floor(a / operand);
    case 0x40:
      return (a | operand) >>> 0;
    case 0x50:
      return (a & operand) >>> 0;
    case 0x60:
      return operand > 31 ? 0 : (a << operand) >>> 0;
    case 0x70:
      return operand > 31 ? 0 : a >>> operand;
    case 0x80:
      return -a >>> 0;
    case 0x90:
      return operand === 0 ? undefined : a % operand;
    case 0xa0:
      return (a ^ operand) >>> 0;
    default:
      return undefined;
  }
}

function jumps(kind: number, a: number, operand: number): boolean {
  if (kind === 0x10) return a === operand;
  if (kind === 0x20) return a > operand;
  return kind === 0x30 ? a >= operand : (a & operand) !== 0;
}
