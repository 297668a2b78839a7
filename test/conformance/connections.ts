/** Two connection tables, as `conntrack -L -o extended` prints them, held against each other. */
import type { Disagreement } from './observation.ts';

type Tables = Readonly<Record<string, readonly string[]>>;

/** Seconds that a timeout may differ by: the kernel's table is listed a moment after the last packet. */
const SLACK = 5;

interface Line {
  /** All but the timeout and the reference count. */
  readonly rest: string;
  /** Seconds left; absent for offloaded ones. */
  readonly left: number | undefined;
}

function read(line: string): Line {
  const words = line.trim().split(/\s+/);
  const [family = '', number = '', protocol = '', code = '', fifth = '', ...others] = words;
  const left = /^\d+$/.test(fifth) ? Number(fifth) : undefined;
  const rest = [family, number, protocol, code, ...(left === undefined ? [fifth] : []), ...others];
  return { rest: rest.filter((word) => !word.startsWith('use=')).join(' '), left };
}

export function compareConnections(kernel: Tables, model: Tables): Disagreement[] {
  return Object.keys(model).flatMap((namespace): Disagreement[] => {
    const told = (kernel[namespace] ?? []).map(read);
    const found = (model[namespace] ?? []).map(read);
    const missing = told.filter((line) => !isFleeting(line) && !found.some((each) => isSame(line, each)));
    const extra = found.filter((line) => !isFleeting(line) && !told.some((each) => isSame(line, each)));
    if (missing.length + extra.length === 0) return [];
    return [{ field: 'connections', kernel: say(namespace, missing), model: say(namespace, extra) }];
  });
}

/** About to end, or just gone. */
function isFleeting({ left }: Line): boolean {
  return left !== undefined && left <= SLACK;
}

function isSame(one: Line, other: Line): boolean {
  return one.rest === other.rest && Math.abs((one.left ?? 0) - (other.left ?? 0)) <= SLACK;
}

function say(namespace: string, lines: readonly Line[]): string {
  return lines.map(({ rest, left }) => `${namespace} ${rest} (${left ?? '-'} s)`).join('; ');
}
