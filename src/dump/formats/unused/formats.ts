/** What people paste and nettrace recognises, but takes nothing from: listed with the reason, and what to give in its place. */
import { type Format, firstLine, firstRecord } from '../../format.ts';
import { isPath } from '../../hint.ts';
import type { DumpText } from '../../text.ts';
import { KERNEL } from './kernel.ts';
import { MANAGERS } from './managers.ts';
import { PROC } from './proc.ts';
import { TRIED } from './tried.ts';
import type { Unused } from './unused.ts';

const UNUSED: readonly Unused[] = [...TRIED, ...KERNEL, ...PROC, ...MANAGERS];

export const UNUSED_FORMATS: readonly Format[] = UNUSED.map(({ id, command, why, tells }) => ({
  id,
  command,
  unused: true as const,
  recognise(text: DumpText) {
    if (!tells) return undefined;
    if (tells instanceof RegExp) return firstLine(text, tells);
    return firstRecord(text, tells, `what ${command} prints`);
  },
  parse: (text: DumpText) => ({
    content: { kind: 'unused' as const, command, why },
    issues: [
      {
        severity: 'warning' as const,
        code: 'dump-unused',
        text: `not used: \`${command}\` ${why}`,
        path: text.path,
      },
    ],
  }),
}));

/** Those that must not be taken for what another command prints in like words: `ip monitor`, `conntrack -E`. */
export const ALIKE_FORMATS: readonly Format[] = UNUSED_FORMATS.filter(({ id }) =>
  [
    'ip-monitor',
    'ip-route-get-json',
    'conntrack-events',
    'conntrack-expect',
    'ip-tcp-metrics',
    'traceroute',
  ].includes(id),
);

/** The format whose command this is, by which alone some outputs can be told: a number, a list of names. */
export function unusedOfCommand(command: string): Format | undefined {
  if (isPath(command)) return undefined;
  const id = UNUSED.find(({ commands }) => commands?.test(command))?.id;
  return UNUSED_FORMATS.find((format) => format.id === id);
}
