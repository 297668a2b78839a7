/** `ps -ef`, `ps aux` and any other choice of columns that has PID first and the command last; busybox's ps too. */
import type { Issue } from '../../base/issue.ts';
import { parseNumber } from '../fields.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import type { Process } from '../records.ts';
import type { DumpText } from '../text.ts';

const HEADER = /^\s*(?:[A-Z%]+\s+)*PID\s+(?:[A-Z%+]+\s+)*(?:CMD|COMMAND)\s*$/;

export const ps: Format = {
  id: 'ps',
  command: 'ps -ef',
  recognise: (text) => firstLine(text, HEADER),
  parse: parseProcesses,
};

function parseProcesses(text: DumpText): Parsed {
  const issues: Issue[] = [];
  const processes: Process[] = [];
  let columns: readonly string[] = [];
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    if (HEADER.test(line)) {
      columns = line.trim().split(/\s+/);
      return;
    }
    const process = parseProcess(line, columns, { path: text.path, line: index + 1 });
    if (process) processes.push(process);
    else issues.push(badLine(text.path, index + 1, line, `a process with ${columns.join(' ')}`));
  });
  return { content: { kind: 'processes', processes }, issues };
}

function parseProcess(line: string, columns: readonly string[], span: Process['span']): Process | undefined {
  const [fields, command] = splitColumns(line, columns.length - 1);
  const pid = parseNumber(fields[columns.indexOf('PID')] ?? '');
  if (pid === undefined || columns.length === 0) return undefined;
  const parent = parseNumber(fields[columns.indexOf('PPID')] ?? '');
  const user = fields[columns.indexOf('UID')] ?? fields[columns.indexOf('USER')];
  return {
    pid,
    ...(parent === undefined ? {} : { parent }),
    ...(user === undefined ? {} : { user }),
    command,
    span,
  };
}

/** The first `count` words, and what stands behind them with its own spacing. */
function splitColumns(line: string, count: number): [string[], string] {
  const fields: string[] = [];
  const word = /\S+/g;
  let end = 0;
  while (fields.length < count) {
    const match = word.exec(line);
    if (!match) break;
    fields.push(match[0]);
    end = word.lastIndex;
  }
  return [fields, line.slice(end).trim()];
}
