/** What `nettrace diff` says on a terminal. */
import { printable } from '../base/printable.ts';
import { finish, type Style, styleOf, type TextOptions } from '../report/text/style.ts';
import { hang, wrap } from '../report/text/wrap.ts';
import type { DecidingRule, Decision, DiffClass, DiffReport, SamplePacket } from './report.ts';

const WAY = { received: 'to this host', forwarded: 'forwarded', sent: 'sent by this host' } as const;

export function renderDiff(report: DiffReport, options: TextOptions): string {
  const style = styleOf(options);
  const { classes, undecided, both, notCompared, flows } = report;
  const lines = [
    ...hang('before  ', printable(report.before), style.width),
    ...hang('after   ', printable(report.after), style.width),
    '',
    ...wrap(headline(report), style.width).map((line) =>
      report.equal ? style.good(line) : style.bold(line),
    ),
  ];
  const several = new Set(classes.map(({ namespace }) => namespace)).size > 1;
  for (const [i, each] of classes.entries()) lines.push('', ...classLines(each, i + 1, several, style));
  const section = (title: string, texts: readonly string[]): void => {
    if (texts.length === 0) return;
    lines.push('', style.bold(title));
    for (const text of texts) lines.push(...hang('  ', printable(text), style.width));
  };
  section(
    'Not decided',
    undecided.map(
      ({ namespace, family, way, why }) => `${namespace}, IPv${family}, packets ${WAY[way]}: ${why}`,
    ),
  );
  section('Not compared', notCompared);
  section('Taken to hold as well as not to hold', both);
  if (flows) {
    const { changed, same, unknown } = flows;
    section('Flows of the captures', [
      ...changed.map(({ flow, before, after }) => `${flow}: it ${before}; after: it ${after}`),
      `${changed.length} end otherwise, ${same} as before${unknown > 0 ? `, ${unknown} can't be followed` : ''}`,
    ]);
  }
  return finish(lines, options);
}

function headline({ equal, classes, undecided }: DiffReport): string {
  if (equal) return 'No packet is treated differently.';
  if (classes.length === 0)
    return undecided.length > 0
      ? 'It is not decided whether packets are treated differently.'
      : "The packet filters' rules treat no packet differently.";
  return classes.length === 1
    ? 'One kind of packets is treated differently:'
    : `${classes.length} kinds of packets are treated differently:`;
}

function classLines(each: DiffClass, number: number, several: boolean, style: Style): string[] {
  const { namespace, family, way, packets, more, before, after, sample, confirmed } = each;
  const lead = `${number}  `;
  const indent = ' '.repeat(lead.length);
  const place = `${several ? `${namespace}, ` : ''}${WAY[way]}${family === 6 ? ', IPv6' : ''}: `;
  const [first = { text: 'packets' }, ...others] = packets;
  const lines = hang(lead, printable(`${place}${first.text}`), style.width).map((line) => style.name(line));
  for (const { text } of others)
    lines.push(...hang(`${indent}or ${printable('')}`, printable(text), style.width));
  if (more) lines.push(`${indent}or others`);
  const told = (title: string, decision: Decision, paint: (text: string) => string): void => {
    const [decided = '', ...rest] = decisionTexts(decision);
    const [line = '', ...wrapped] = hang(`${indent}${title.padEnd(8)}`, printable(decided), style.width);
    lines.push(paint(line), ...wrapped.map(paint));
    for (const text of rest)
      lines.push(...hang(`${indent}${' '.repeat(10)}`, printable(text), style.width).map(style.dim));
  };
  told('before', before, (text) => text);
  told('now', after, paintOf(after, style));
  lines.push(...hang(`${indent}as      `, printable(sampleText(sample)), style.width));
  lines.push(
    `${indent}        ${confirmed ? style.good('confirmed by the kernel model') : style.doubtful('not confirmed: the kernel model decides otherwise, or not')}`,
  );
  return lines;
}

function paintOf({ verdict }: Decision, style: Style): (text: string) => string {
  if (verdict === 'accepted') return style.good;
  return verdict === 'queued' ? style.doubtful : style.bad;
}

function decisionTexts({ verdict, with: answer, by, others, changes }: Decision): string[] {
  const how =
    verdict === 'rejected'
      ? `rejected with ${answer}`
      : verdict === 'stopped'
        ? `stopped: ${answer}`
        : verdict;
  const more = others === undefined ? '' : `, or one of ${others} more rules`;
  const made = changes.map(({ what, value }) => `${what} ${value}`);
  return [
    [`${how}${by ? ` by ${placeText(by)}` : ''}${more}`, ...made].join(', '),
    ...(by?.number === undefined ? [] : [by.text]),
    ...changes.flatMap(({ by: maker }) => (maker ? [`${placeText(maker)}: ${maker.text}`] : [])),
  ];
}

function placeText({ table, chain, number, path, line }: DecidingRule): string {
  const where = path === undefined ? '' : ` (${path}${line === undefined ? '' : `:${line}`})`;
  return number === undefined ? `${chain}'s policy${where}` : `${table} ${chain} ${number}${where}`;
}

function sampleText(sample: SamplePacket): string {
  const end = (address: string, port: number | undefined): string =>
    port === undefined ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  const icmp = sample.icmpType === undefined ? '' : ` type ${sample.icmpType} code ${sample.icmpCode}`;
  return [
    `${sample.protocol}${icmp} ${end(sample.source, sample.sourcePort)} > ${end(sample.destination, sample.destinationPort)}`,
    ...(sample.in ? [`in by ${sample.in}`] : []),
    ...(sample.out ? [`out by ${sample.out}`] : []),
    sample.state,
    ...sample.more,
  ].join(', ');
}
