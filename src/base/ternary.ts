/**
 * Kleene's three-valued logic. A question that the inputs can't decide has the answer *unknown* together with
 * the reason why; it is never taken for true or for false. (Batfish and Iptables_Semantics do the same.)
 */
export interface Unknown {
  /** What is missing, worded to stand after "unknown: ". */
  readonly why: string;
}

export type Ternary = boolean | Unknown;

export function unknown(why: string): Unknown {
  return { why };
}

export function isUnknown(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && 'why' in value;
}

export function not(value: Ternary): Ternary {
  return typeof value === 'boolean' ? !value : value;
}

/** False wins over unknown, unknown over true. */
export function and(left: Ternary, right: Ternary): Ternary {
  if (left === false || right === false) return false;
  return left === true ? right : left;
}

/** True wins over unknown, unknown over false. */
export function or(left: Ternary, right: Ternary): Ternary {
  if (left === true || right === true) return true;
  return left === false ? right : left;
}
