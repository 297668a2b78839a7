import type { Issue } from '../../../base/issue.ts';
import type { InputSet } from '../../../input/input.ts';
import { buildSnapshot } from '../../../snapshot/build.ts';
import type { PlayedCommand } from '../../../snapshot/snapshot.ts';
import { placeCaptures } from '../../../topology/place.ts';
import type { CapturePoint } from '../../../topology/topology.ts';

/** What is shown of the host that the inputs are of. */
export interface ShownHost {
  /** Where each capture was taken, as far as that is known before it is read. */
  readonly places: readonly CapturePoint[];
  /** What the commands of sessions and scripts did. */
  readonly commands: readonly PlayedCommand[];
  readonly issues: readonly Issue[];
}

export function shownHost(inputs: InputSet): ShownHost {
  const { snapshot, issues } = buildSnapshot(inputs);
  return {
    places: placeCaptures(inputs.captures, snapshot.namespaces, []).points,
    commands: snapshot.commands ?? [],
    issues: issues.filter(({ code }) => code === 'command-refused'),
  };
}
