/** Workflow commands of GitHub Actions: a line of output that becomes an annotation at its file and line. */
import { printable } from '../../base/printable.ts';
import { type CiNotice, type CiPlace, type CiProblem, type CiReport, fixText } from './report.ts';

const COMMANDS = { error: 'error', warning: 'warning', info: 'notice' } as const;

export function githubCommands({ problems, notices }: CiReport): string {
  const lines = [...problems.map(problemLine), ...notices.filter(isError).map(noticeLine)];
  return lines.map((line) => `${line}\n`).join('');
}

const isError = ({ severity }: CiNotice): boolean => severity === 'error';

function problemLine({ rule, severity, title, explanation, place, fix }: CiProblem): string {
  const parts = [explanation, ...(fix ? [`Fix:\n${fixText(fix)}`] : []), `nettrace explain ${rule}`];
  return command(COMMANDS[severity], place, title, parts.join('\n'));
}

function noticeLine({ severity, text, place }: CiNotice): string {
  return command(severity, place, 'nettrace: an input is unusable', text);
}

function command(name: string, place: CiPlace | undefined, title: string, message: string): string {
  const properties = [
    ...(place && place.path !== '-' ? [`file=${property(place.path)}`] : []),
    ...(place?.line === undefined || place.path === '-' ? [] : [`line=${place.line}`]),
    `title=${property(title)}`,
  ];
  return `::${name} ${properties.join(',')}::${data(message)}`;
}

/** Line breaks are part of the message; whatever else a terminal acts on is not. */
function data(text: string): string {
  return text
    .split('\n')
    .map((line) => printable(line).replaceAll('%', '%25'))
    .join('%0A');
}

function property(text: string): string {
  return printable(text).replaceAll('%', '%25').replaceAll(':', '%3A').replaceAll(',', '%2C');
}
