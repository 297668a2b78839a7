// A recording's truth as a case of `nettrace test`: what was asserted while it was recorded, not what an analysis says.
import { stringify } from 'yaml';

/** @param {{ flows: readonly object[], note: string }} truth expect.json */
export function expectYaml({ flows, note }) {
  const observed = flows.filter((flow) => flow.observed !== false);
  const rows = observed.flatMap(flowRows);
  const causes = [...new Set(flows.filter(({ cause }) => cause !== null).map(causesOf))];
  const never = [...new Set(flows.flatMap(({ mustNot }) => mustNot))];
  return [
    `# ${note}`,
    ...(rows.length === 0 ? [] : ['flows:']),
    ...rows.map(([question, outcome]) => `  - ${scalar(question)}: ${scalar(outcome)}`),
    ...(causes.length === 0 ? ['findings: none'] : ['findings:', ...causes.map((cause) => `  - ${cause}`)]),
    ...(never.length === 0 ? [] : ['never:', ...never.map((cause) => `  - ${cause}`)]),
    '',
  ].join('\n');
}

/** One by its cause, and one each by the rule and the setting, where those are known. */
function flowRows(flow) {
  const {
    status,
    statusAlso,
    cause,
    namespace,
    namespaceAlso = [],
    rule,
    sysctl,
    fixCommandShouldContain: fix,
  } = flow;
  const question = questionOf(flow);
  const statuses = [status, ...statusAlso].join(' or ');
  if (cause === null) return [[question, statuses === 'delivered' ? 'healthy' : statuses]];
  const place = namespace !== null && namespaceAlso.length === 0 ? ` in ${namespace}` : '';
  const repair = fix === undefined || fix.includes('"') ? '' : `, fix "${fix}"`;
  const by = (what) => [question, `${statuses} by ${what}`];
  return [
    [question, `${statuses} by ${causesOf(flow)}${place}${repair}`],
    ...(rule === null
      ? []
      : [by([rule.table, rule.chain, rule.number].filter((part) => part !== null).join(' '))]),
    ...(sysctl === undefined ? [] : [by(sysctl)]),
  ];
}

function causesOf({ cause, alsoAcceptable }) {
  return [...new Set([cause, ...alsoAcceptable])].join(' or ');
}

function questionOf({ protocol, client, clientPort, server, port }) {
  return `${protocol} ${end(client, clientPort ?? null)} > ${end(server, port)}`;
}

function end(address, port) {
  if (port === null) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function scalar(text) {
  return stringify(text, { lineWidth: 0 }).trimEnd();
}
