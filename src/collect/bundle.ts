/** The manifest, and what could not be had. */
import type { Manifest } from '../input/input.ts';

/** What a bundle lacks and why. */
export interface Missing {
  readonly namespace?: string;
  readonly what: string;
  readonly reason: string;
}

/** What the collector adds to the manifest of contract section 2. */
export interface CollectedManifest extends Manifest {
  readonly collector: string;
  readonly kernel: string;
  readonly tools: Readonly<Record<string, string>>;
  readonly missing: readonly Missing[];
  readonly files: readonly CollectedFile[];
}

export interface CollectedFile {
  readonly path: string;
  readonly namespace?: string;
  readonly interface?: string;
  readonly command?: string;
  readonly collectedAt?: string;
  /** Of a capture. */
  readonly packets?: number;
  readonly dropped?: number;
}

/** RFC 3339 in UTC. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** One line for each reason: `conntrack is not installed: tracked connections (host, web, red)`. */
export function missingLines(missing: readonly Missing[]): string[] {
  const byReason = new Map<string, Map<string, string[]>>();
  for (const { namespace, what, reason } of missing) {
    const things = byReason.get(reason) ?? new Map<string, string[]>();
    byReason.set(reason, things);
    const names = things.get(what) ?? [];
    things.set(what, names);
    if (namespace !== undefined) names.push(namespace);
  }
  return [...byReason].map(([reason, things]) => {
    const whats = [...things].map(([what, names]) =>
      names.length === 0 ? what : `${what} (${someOf(names)})`,
    );
    return `${whats.join(', ')}: ${reason}`;
  });
}

const SHOWN = 4;

function someOf(names: readonly string[]): string {
  const rest = names.length - SHOWN;
  return names.slice(0, SHOWN).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
