/** `--what-if COMMAND`: the traffic of the captures on the host as it would be after the command. */
import type { Scene } from './case.ts';
import { changed, type Effect, effectOf } from './effect.ts';

export interface WhatIf extends Effect {
  commands: string[];
}

/** All commands, one after the other, typed in `namespace`; or why one can't be run. */
export function whatIf(scene: Scene, commands: readonly string[], namespace: string): WhatIf | string {
  const after = changed(
    scene,
    commands.map((text) => ({ namespace, text })),
  );
  if (typeof after === 'string') return after;
  return { commands: [...commands], ...effectOf(scene, after, scene.correlation.flows) };
}

/** Where a command is typed that names no namespace. */
export function homeOf({ namespaces }: Scene['snapshot']): string {
  const [only] = namespaces.keys();
  return namespaces.size === 1 && only !== undefined ? only : 'host';
}
