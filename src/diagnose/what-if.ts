/** `--what-if COMMAND`: the traffic of the captures on the host as it would be after the command. */

import { rootOf } from '../input/host.ts';
import { askedFlows } from './asked.ts';
import type { Scene } from './case.ts';
import type { Command } from './cause.ts';
import { changed, type Effect, effectOf } from './effect.ts';

/** What commands would change, by the traffic of the captures. */
export interface WhatIf extends Effect {
  commands: string[];
}

/** All commands, one after the other; or why one can't be run. */
export function whatIf(scene: Scene, commands: readonly string[]): WhatIf | string {
  const placed = placeCommands(scene.snapshot, commands);
  if (typeof placed === 'string') return placed;
  const after = changed(scene, placed);
  if (typeof after === 'string') return after;
  return { commands: [...commands], ...effectOf(scene, after, askedFlows(scene.correlation)) };
}

/** Where each is typed: the root namespace; of several machines that of the one it names first, `node-1: COMMAND`. */
export function placeCommands(
  { namespaces, hosts }: Scene['snapshot'],
  commands: readonly string[],
): Command[] | string {
  const [only] = namespaces.keys();
  const home = namespaces.size === 1 && only !== undefined ? only : rootOf('');
  if (!hosts) return commands.map((text) => ({ namespace: home, text }));
  const placed: Command[] = [];
  for (const text of commands) {
    const [, place = '', command = ''] = /^\s*([^\s:]+):\s+(.+)$/s.exec(text) ?? [];
    const namespace = hosts.has(place) ? rootOf(`${place}/`) : place;
    if (!namespaces.has(namespace)) {
      const [first = 'HOST'] = hosts.keys();
      return `"${text}" does not say on which machine: begin with its name, as in "${first}: ${text}" (there are ${[...hosts.keys()].join(', ')})`;
    }
    placed.push({ namespace, text: command });
  }
  return placed;
}
