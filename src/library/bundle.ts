/** Inputs that have been opened: what there is among them, each of it to be read or asked. */
import type { Issue } from '../base/issue.ts';
import type { BuiltState } from '../cases/run/state.ts';
import type { InputSet, Manifest, PlacedBy } from '../input/input.ts';
import { type CaptureReading, type ReadCaptureOptions, reading } from './captured.ts';
import { type Snapshot, snapshotOf } from './snapshot.ts';

/** A capture of a bundle, and where it was taken. */
export interface BundleCapture {
  /** As it was named; inside a bundle or archive, that one's path and the path within. */
  readonly path: string;
  /** As far as the inputs tell; what the packets tell is in `snapshot.topology.captures`. */
  readonly namespace?: string;
  readonly interface?: string;
  /** What its place is known by. */
  readonly by: PlacedBy;
  /** Its packets, one by one; as often as you like, a stream (`-`, a named pipe) once. */
  read(options?: ReadCaptureOptions): CaptureReading;
}

/** What a command printed, and which one that was. */
export interface BundleDump {
  readonly path: string;
  /** `iptables-save`, `ip-route-json` …: as what it was recognised. */
  readonly format: string;
  readonly namespace: string;
  /** What its namespace is known by. */
  readonly by: PlacedBy;
  /** Epoch seconds when it was taken, where that is known. */
  readonly time?: number;
}

/** Opened inputs. Nothing is kept open: captures are opened when they are read. */
export interface Bundle {
  /** The host as the dumps, and what the captures show of it, describe it. */
  readonly snapshot: Snapshot;
  readonly captures: readonly BundleCapture[];
  readonly dumps: readonly BundleDump[];
  /** Of a bundle that has one. */
  readonly manifest?: Manifest;
  /** The hosts by name, where the inputs are of several: the names of all namespaces begin with theirs then (`node-1/red`). */
  readonly hosts?: readonly string[];
  /** Everything that could not be read, or was doubtful: `formatIssue` makes a line of each. */
  readonly issues: readonly Issue[];
}

const INPUTS = new WeakMap<Bundle, InputSet>();

export function bundleOf(inputs: InputSet, state: BuiltState): Bundle {
  const dumpIssues = inputs.dumps.flatMap(({ dump }) => dump.issues);
  const issues = [...new Set([...inputs.issues, ...dumpIssues, ...state.issues])];
  const { manifest, hosts } = inputs;
  const bundle: Bundle = {
    snapshot: snapshotOf(state, issues),
    captures: inputs.captures.map((capture) => ({
      path: capture.path,
      ...(capture.namespace !== undefined && { namespace: capture.namespace }),
      ...(capture.interface !== undefined && { interface: capture.interface }),
      by: capture.by,
      read: (options = {}) =>
        reading(
          { path: capture.path, open: () => capture.open() },
          capture.limits ? { limits: capture.limits, ...options } : options,
        ),
    })),
    dumps: inputs.dumps.map(({ dump, namespace, by, time }) => ({
      ...{ path: dump.path, format: dump.format, namespace, by },
      ...(time !== undefined && { time }),
    })),
    ...(manifest && { manifest }),
    ...(hosts && { hosts: hosts.map(({ name }) => name) }),
    issues,
  };
  INPUTS.set(bundle, inputs);
  return bundle;
}

/** Undefined: it isn't one that this library made. */
export function inputsOf(bundle: object): InputSet | undefined {
  return INPUTS.get(bundle as Bundle);
}
