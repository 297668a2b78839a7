/**
 * JUnit XML, as CI systems read it. There is no standard; this keeps to what the schema of Jenkins' xUnit plugin (junit-10.xsd) allows, which knows no place of a
 * test case: file and line are the first words of a failure's text.
 */
import { printable, printableText } from '../../base/printable.ts';
import type { CiCase, CiReport, CiSuite } from './report.ts';

export function junitXml({ command, suites }: CiReport): string {
  const all = suites.flatMap(({ cases }) => cases);
  const sums = `tests="${all.length}" failures="${tally(all, 'failed')}" errors="${tally(all, 'error')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="nettrace ${attribute(command)}" ${sums}>`,
    ...suites.flatMap(suiteLines),
    '</testsuites>',
    '',
  ].join('\n');
}

function suiteLines({ name, cases, start }: CiSuite): string[] {
  const seconds = cases.reduce((sum, one) => sum + one.seconds, 0);
  const attributes = [
    `name="${attribute(name)}"`,
    `tests="${cases.length}"`,
    `failures="${tally(cases, 'failed')}"`,
    `errors="${tally(cases, 'error')}"`,
    `skipped="${tally(cases, 'skipped')}"`,
    `time="${seconds.toFixed(3)}"`,
    ...(start === undefined ? [] : [`timestamp="${timestamp(start)}"`]),
  ];
  return [
    `  <testsuite ${attributes.join(' ')}>`,
    ...cases.flatMap((one) => caseLines(name, one)),
    '  </testsuite>',
  ];
}

/** ISO 8601 without a zone, as Ant writes it; times are UTC. */
function timestamp(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? '1970-01-01T00:00:00' : date.toISOString().slice(0, 19);
}

const ELEMENTS = { failed: 'failure', error: 'error', skipped: 'skipped' } as const;

function caseLines(suite: string, { name, seconds, outcome, type, message, details }: CiCase): string[] {
  const open = `    <testcase classname="${attribute(suite)}" name="${attribute(name)}" time="${seconds.toFixed(3)}"`;
  if (outcome === 'passed') {
    if (message === undefined) return [`${open}/>`];
    return [`${open}>`, `      <system-out>${content(message)}</system-out>`, '    </testcase>'];
  }
  const element = ELEMENTS[outcome];
  const said = [
    ...(type === undefined ? [] : [` type="${attribute(type)}"`]),
    ...(message === undefined ? [] : [` message="${attribute(message)}"`]),
  ].join('');
  const text = details === undefined ? '/>' : `>${content(details)}</${element}>`;
  return [`${open}>`, `      <${element}${said}${text}`, '    </testcase>'];
}

function tally(cases: readonly CiCase[], outcome: CiCase['outcome']): number {
  return cases.filter((one) => one.outcome === outcome).length;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
/** What XML 1.0 has no way to write (production 2, Char), beyond what is escaped as invisible already. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

function attribute(text: string): string {
  return escaped(printable(text));
}

function content(text: string): string {
  return escaped(printableText(text));
}

function escaped(text: string): string {
  return text
    .replace(FORBIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
