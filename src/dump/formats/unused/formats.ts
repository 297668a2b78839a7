/** What people paste and nettrace recognises, but takes nothing from: listed with the reason, and what to give in its place. */
import { lazily } from '../../../base/memo.ts';
import { type Format, firstLine, firstRecord } from '../../format.ts';
import { isPath } from '../../hint.ts';
import type { DumpText } from '../../text.ts';
import { ALIKE } from './alike.ts';
import { KERNEL } from './kernel.ts';
import { MANAGERS } from './managers.ts';
import { PROC } from './proc.ts';
import { TRIED } from './tried.ts';
import type { Unused } from './unused.ts';

const OTHERS = lazily(() => [...TRIED(), ...KERNEL(), ...PROC(), ...MANAGERS()]);

function formatOf({ id, command, why, tells }: Unused): Format {
  return {
    id,
    command,
    unused: true,
    recognise(text: DumpText) {
      if (!tells) return undefined;
      if (tells instanceof RegExp) return firstLine(text, tells);
      return firstRecord(text, tells, `what ${command} prints`);
    },
    parse: (text: DumpText) => ({
      content: { kind: 'unused', command, why },
      issues: [
        {
          severity: 'warning',
          code: 'dump-unused',
          text: `not used: \`${command}\` ${why}`,
          path: text.path,
        },
      ],
    }),
  };
}

export const ALIKE_FORMATS: readonly Format[] = ALIKE.map(formatOf);

/** All but those. */
export const UNUSED_FORMATS = lazily((): readonly Format[] => OTHERS().map(formatOf));

/** The format whose command this is, by which alone some outputs can be told: a number, a list of names. */
export function unusedOfCommand(command: string): Format | undefined {
  if (isPath(command)) return undefined;
  const id = [...ALIKE, ...OTHERS()].find(({ commands }) => commands?.test(command))?.id;
  return [...ALIKE_FORMATS, ...UNUSED_FORMATS()].find((format) => format.id === id);
}
