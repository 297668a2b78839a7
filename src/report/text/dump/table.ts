/** A dump's records as a table: a header, and rows of cells. Cells are still untrusted text. */
export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns aligned to the right. */
  readonly right?: readonly number[];
}

/** Cells joined where they say something. */
export function words(...parts: readonly (string | undefined | false)[]): string {
  return parts.filter((part) => part !== undefined && part !== false && part !== '').join(' ');
}
