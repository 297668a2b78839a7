/** What matchers expect an analysis to have found. */
import { nearest } from '../base/nearest.ts';
import { printable } from '../base/printable.ts';
import { readBy } from '../cases/language/by.ts';
import { LineError, WordReader } from '../cases/language/words.ts';
import { isFoundBy } from '../cases/run/flows.ts';
import { CAUSES } from '../diagnose/causes.ts';
import type { Finding } from '../diagnose/finding.ts';
import type { Analysis } from '../report/analysis.ts';
import { place } from '../report/text/paths.ts';
import { UsageError } from './errors.ts';
import type { Judgement } from './expectation.ts';
import { analysisOf } from './subject.ts';

/** What else is asked of a finding; what isn't said doesn't matter. */
export interface FindingOptions {
  /** The rule or setting that it names: `filter FORWARD 3`, `net.ipv4.ip_forward`. */
  readonly by?: string | undefined;
  /** The namespace that it is about. */
  readonly in?: string | undefined;
  /** At least so severe. Default: `warning`; mere information is no finding then. */
  readonly severity?: Finding['severity'] | undefined;
  /** A part of the commands that repair it. */
  readonly fix?: string | undefined;
  /** Its fix was replayed, and the traffic went through. */
  readonly verified?: boolean | undefined;
}

const OPTIONS = ['by', 'in', 'severity', 'fix', 'verified'];
const SEVERITIES = ['info', 'warning', 'error'] as const;

export async function judgeFinding(
  subject: unknown,
  cause: string,
  options: FindingOptions = {},
): Promise<Judgement> {
  checkAsked(cause, options);
  const analysis = await analysisOf(subject);
  const fits = analysis.findings.filter((finding) => finding.cause === cause && isAsked(finding, options));
  const wanted = [cause, ...wordsOf(options)].join(' ');
  return {
    pass: fits.length > 0,
    message: (isNot = false) =>
      `expected ${isNot ? 'no ' : 'a '}finding ${printable(wanted)}\n\n${foundText(analysis).trimEnd()}`,
  };
}

function checkAsked(cause: string, options: object): void {
  const ids = CAUSES.map(({ id }) => id);
  if (!ids.includes(cause)) {
    const near = nearest(cause, ids);
    throw new UsageError(`"${cause}" is no cause of the catalogue`, 'cause', {
      advice: `${near === undefined ? '' : `Did you mean ${near}? `}\`nettrace explain\` lists them.`,
    });
  }
  const stranger = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (stranger === undefined) return;
  throw new UsageError(`nothing of a finding is called "${stranger}"`, 'option', {
    advice: `Known: ${OPTIONS.join(', ')}.`,
  });
}

function isAsked(finding: Finding, options: FindingOptions): boolean {
  const { by, severity = 'warning', fix, verified } = options;
  const commands = [...(finding.fix?.commands ?? []), finding.fix?.effect ?? ''].join('\n');
  return (
    SEVERITIES.indexOf(finding.severity) >= SEVERITIES.indexOf(severity) &&
    (by === undefined || isFoundBy(decider(by), [], finding)) &&
    (options.in === undefined || finding.namespace === options.in) &&
    (fix === undefined || commands.includes(fix)) &&
    (verified === undefined || (finding.fix?.verified ?? false) === verified)
  );
}

function decider(text: string): ReturnType<typeof readBy> {
  try {
    return readBy(new WordReader(text));
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    const { fault, hint: advice, at, length } = error.fault;
    throw new UsageError(`by is not understood: ${fault}`, 'outcome-not-understood', {
      advice,
      part: { text, at, length },
    });
  }
}

function wordsOf(options: FindingOptions): string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value}`],
  );
}

/** So many are named. */
const SHOWN = 12;

function foundText({ findings, flows }: Analysis): string {
  if (findings.length === 0) return `    found     nothing amiss, in ${flows.length} flows\n`;
  const lines = findings.slice(0, SHOWN).map(({ cause, severity, title, rule }, index) => {
    const at = rule && rule.path !== '' ? `, ${place({ path: rule.path, line: rule.line })}` : '';
    return `    ${index === 0 ? 'found' : '     '}     ${cause} (${severity}): ${printable(title)}${at}`;
  });
  const more = findings.length - SHOWN;
  return `${lines.join('\n')}\n${more > 0 ? `              and ${more} more\n` : ''}`;
}
