/** Cases that once disagreed, kept as rows of plain data: one file each in found/, written by a run with NETTRACE_KEEP=1. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Backend, Case, Network, Rules } from './case.ts';
import { hex } from './kernel/agent.ts';
import { stimulusOf } from './shrink.ts';

const FOLDER = new URL('./found/', import.meta.url);

interface Row {
  readonly name: string;
  /** What it was that differed, and why. */
  readonly about: string;
  readonly backend: Backend;
  readonly network: Network;
  readonly settings: Readonly<Record<string, readonly string[]>>;
  /** Texts as lists of lines, to be read and compared. */
  readonly rules: Readonly<Record<string, Readonly<Partial<Record<keyof Rules, readonly string[]>>>>>;
  readonly stimuli: readonly {
    readonly on: string;
    readonly bytes: string;
    readonly ether?: readonly [number, number];
    readonly vlans?: readonly number[];
  }[];
}

export function foundCases(): Case[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .map((name) => caseOf(JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Row));
}

function caseOf({ name, backend, network, settings, rules, stimuli }: Row): Case {
  return {
    name,
    backend,
    network,
    settings,
    rules: Object.fromEntries(
      Object.entries(rules).map(([namespace, own]) => [
        namespace,
        Object.fromEntries(Object.entries(own).map(([kind, lines]) => [kind, `${lines.join('\n')}\n`])),
      ]),
    ),
    stimuli: stimuli.flatMap((each) => stimulusOf({ ...each, time: 0 })),
  };
}

/** The case as a row's text. */
export function rowOf(of: Case, about: string): string {
  const row: Row = {
    name: of.name,
    about,
    backend: of.backend,
    network: of.network,
    settings: of.settings ?? {},
    rules: Object.fromEntries(
      Object.entries(of.rules).map(([namespace, own]) => [
        namespace,
        Object.fromEntries(
          Object.entries(own).map(([kind, text = '']) => [kind, text.trimEnd().split('\n')]),
        ),
      ]),
    ),
    stimuli: of.stimuli.map(({ on, skb }) => ({
      on,
      bytes: hex(skb.bytes),
      ...(skb.etherSource === undefined || skb.etherDestination === undefined
        ? {}
        : { ether: [skb.etherSource, skb.etherDestination] as const }),
      ...(skb.vlans.length > 0 ? { vlans: skb.vlans } : {}),
    })),
  };
  return `${JSON.stringify(row, null, 1)}\n`;
}

export function keepRow(of: Case, about: string): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(new URL(`${of.name.replaceAll(/\W+/g, '-')}.json`, FOLDER), rowOf(of, about));
}
