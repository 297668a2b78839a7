import { groupBy } from '../base/group-by.ts';
import type { CaptureSummary } from '../capture/summary.ts';
import type { CaptureInput } from '../input/input.ts';
import { readCaptureCommand } from './capture-command.ts';
import type { ScannedPoint } from './points.ts';

/** Of a capture that holds more tunnels than any host has, the rest is left inside. */
export class TunnelCount {
  readonly #known = new Map<number, Set<string>>();

  isCounted(input: number, tunnel: string): boolean {
    const known = this.#known.get(input) ?? new Set<string>();
    this.#known.set(input, known);
    if (!known.has(tunnel) && known.size >= MOST_TUNNELS) return false;
    known.add(tunnel);
    return true;
  }
}

/** The points of all captures, in order of first sight. */
export class PointTable {
  readonly points: ScannedPoint[] = [];
  readonly #byPlace = new Map<string, ScannedPoint>();
  readonly #captures: readonly CaptureInput[];

  constructor(captures: readonly CaptureInput[]) {
    this.#captures = captures;
  }

  of(input: number, interfaceName?: string, interfaceIndex?: number, within?: string): ScannedPoint {
    const key = `${input} ${interfaceName ?? ''} ${interfaceIndex ?? ''} ${within ?? ''}`;
    const known = this.#byPlace.get(key);
    if (known) return known;
    const point: ScannedPoint = {
      index: this.points.length,
      input,
      path: this.#captures[input]?.path ?? '',
      interfaceName,
      interfaceIndex,
      packets: 0,
      bytes: 0,
      protocols: new Map(),
      cut: 0,
      ...(within === undefined ? {} : { within }),
      limits: limitsOf(this.#captures[input]),
    };
    this.points.push(point);
    this.#byPlace.set(key, point);
    return point;
  }
}

/** What the manifest's command says of packets that this capture can't hold. */
function limitsOf(capture: CaptureInput | undefined): string | undefined {
  const told = capture?.command === undefined ? undefined : readCaptureCommand(capture.command);
  if (!told) return undefined;
  return [told.filter, told.direction && `-Q ${told.direction}`]
    .filter((part) => part !== undefined)
    .join(', ');
}

/**
 * Filters and losses that the file itself tells, of the interface where it names one, else of all its points; and losses that
 * the manifest tells, `dropped`.
 */
export function noteLosses(
  points: ScannedPoint[],
  input: number,
  summary: CaptureSummary,
  dropped = 0,
): void {
  const toldOf = (interfaces: CaptureSummary['interfaces']) => ({
    lost: interfaces.reduce((sum, each) => sum + (each.dropped ?? 0), 0),
    filter: interfaces.find(({ filter }) => filter !== undefined)?.filter,
  });
  const all = toldOf(summary.interfaces);
  const byName = groupBy(summary.interfaces, ({ name }) => name);
  // Those without a name may be any of them.
  const unnamed = toldOf(byName.get(undefined) ?? []);
  for (const point of points) {
    if (point.input !== input || point.within !== undefined) continue;
    const { interfaceName: name } = point;
    const own = name === undefined ? all : toldOf(byName.get(name) ?? []);
    const lost = Math.max(dropped, name === undefined ? own.lost : own.lost + unnamed.lost);
    if (lost > 0) point.lost = lost;
    point.limits ??= own.filter ?? unnamed.filter;
  }
}

const MOST_TUNNELS = 64;
