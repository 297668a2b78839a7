import type { Check } from '../check.ts';

export const loadTableAgain: Check = {
  id: 'load-table-again',
  title: 'A table is opened twice in one file: what stood first is gone',
  severity: 'error',
  why: 'iptables-restore empties a table where its *NAME line stands, and loads what follows. A second one of the same name takes away what the first one loaded.',
  repair: 'Put the rules of both into one section.',
  silent: 'Different tables, and files of both families.',
  references: ['iptables-restore(8): --noflush'],
  find: ({ issues }) =>
    issues
      .filter(({ code }) => code === 'table-again')
      .map(({ text, path = '', line = 1 }) => ({
        title: text,
        explanation: 'With iptables-restore --noflush both would be kept.',
        at: { path, line },
      })),
};
