/** SARIF 2.1.0 (OASIS), as code scanning services take it. */
import { createHash } from 'node:crypto';
import { printable, printableText } from '../../base/printable.ts';
import { jsonText } from '../json.ts';
import {
  type CiNotice,
  type CiPlace,
  type CiProblem,
  type CiReport,
  type CiRule,
  fixText,
  placeText,
} from './report.ts';

const LEVELS = { error: 'error', warning: 'warning', info: 'note' } as const;
const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
/** So many of the evidence, and of what was said of the inputs. */
const MOST_RELATED = 40;
const MOST_NOTICES = 200;

export function sarifJson(report: CiReport): string {
  const { command, version, problems, rules, notices, successful } = report;
  const ids = rules.map(({ id }) => id);
  const run = {
    tool: {
      driver: {
        name: 'nettrace',
        version,
        semanticVersion: version,
        rules: rules.map(ruleObject),
      },
    },
    automationDetails: { id: `nettrace/${command}/` },
    invocations: [
      {
        executionSuccessful: successful,
        toolExecutionNotifications: notices.slice(0, MOST_NOTICES).map(notification),
      },
    ],
    columnKind: 'utf16CodeUnits',
    results: problems.map((problem) => resultObject(problem, ids.indexOf(problem.rule))),
  };
  return `${jsonText({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, 2)}\n`;
}

function ruleObject({ id, title, severity, summary, text, markdown, group }: CiRule): object {
  return {
    id,
    name: id.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: title },
    fullDescription: { text: summary },
    help: { text, markdown },
    defaultConfiguration: { level: LEVELS[severity] },
    properties: { tags: ['network', group] },
  };
}

function resultObject(problem: CiProblem, ruleIndex: number): object {
  const { rule, severity, confidence, title, explanation, place, logical, evidence, fix, fingerprint } =
    problem;
  const text = [title, explanation, ...(fix ? [`Fix:\n${fixText(fix)}`] : [])].join('\n\n');
  const location = {
    ...physical(place),
    ...(logical.length > 0 && { logicalLocations: logicalLocations(logical) }),
  };
  const related = evidence.filter(({ path }) => isFile(path)).slice(0, MOST_RELATED);
  return {
    ruleId: rule,
    ...(ruleIndex >= 0 && { ruleIndex }),
    level: LEVELS[severity],
    message: { text: printableText(text) },
    ...(Object.keys(location).length > 0 && { locations: [location] }),
    ...(related.length > 0 && {
      relatedLocations: related.map((one, index) => ({
        id: index + 1,
        ...physical(one),
        message: { text: printable(`${placeText(one)}: ${one.text ?? ''}`) },
      })),
    }),
    partialFingerprints: { 'nettraceFinding/v1': createHash('sha256').update(fingerprint).digest('hex') },
    rank: Math.round(confidence * 1000) / 10,
    ...(fix && {
      // A fix of SARIF changes files; these are commands to be run.
      properties: {
        fix: { ...fix, commands: fix.commands.map(printable), effect: printable(fix.effect) },
      },
    }),
  };
}

function isFile(path: string): boolean {
  return path !== '' && path !== '-';
}

function physical(place: CiPlace | undefined): object {
  if (!place || !isFile(place.path)) return {};
  const { path, line, snippet } = place;
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(path) },
      ...(line !== undefined &&
        line > 0 && {
          region: {
            startLine: line,
            ...(snippet !== undefined && { snippet: { text: printable(snippet) } }),
          },
        }),
    },
  };
}

/** A relative path stays relative: to the folder that the command ran in. */
function uriOf(path: string): string {
  const encoded = path
    .split('/')
    .map((part) => encodeURIComponent(part.replace(/\p{Cs}/gu, '\ufffd')))
    .join('/');
  return path.startsWith('/') ? `file://${encoded}` : encoded;
}

function logicalLocations(logical: CiProblem['logical']): object[] {
  const name = printable(logical.map((one) => one.name).join('/'));
  const last = logical.at(-1);
  return [{ fullyQualifiedName: name, name: printable(last?.name ?? ''), kind: last?.kind ?? 'resource' }];
}

function notification({ severity, text, place }: CiNotice): object {
  const location = physical(place);
  return {
    level: severity,
    message: { text: printable(text) },
    ...('physicalLocation' in location && { locations: [location] }),
  };
}
