/**
 * Why a header can't be used. `needed` is how many bytes from the header's start it wants when there are too few (whether
 * the capture or the sender cut them is for the caller to tell); 0 when what the header says is wrong.
 */
export interface Fault {
  readonly needed: number;
  readonly text: string;
}

export function shortOf(name: string, needed: number, offset: number, end: number): Fault {
  return { needed, text: `${name} needs ${needed} bytes, ${Math.max(0, end - offset)} are there` };
}

export function wrong(text: string): Fault {
  return { needed: 0, text };
}
