/** The three texts beside a recording: its manifest, its truth, and its page for readers. */
import { hostname, release } from 'node:os';

/** `host`: of several machines the one whose bundle it is, by its own clock. */
export function manifest(lab, host, clock) {
  const now = new Date(Date.now() + clock * 1000);
  const collectedAt = `${now.toISOString().slice(0, 19)}Z`;
  const known = [...lab.known.values()].filter((each) => each.host === host);
  const namespaces = known.map(({ name, inode, host: _host, clock: _clock, ...more }) => ({
    name,
    inode,
    ...more,
  }));
  const captures = lab.captures.filter(({ namespace }) => namespace.host === host);
  const files = captures.map(({ path, namespace, devices, command }) => ({
    path: host === undefined ? path : path.slice(host.length + 1),
    namespace: namespace.name,
    ...(devices.length === 1 ? { interface: devices[0] } : {}),
    command,
  }));
  return json({ format: 'nettrace-bundle/1', host: host ?? hostname(), collectedAt, namespaces, files });
}

const FLOW = {
  port: null,
  status: 'delivered',
  statusAlso: [],
  cause: null,
  alsoAcceptable: [],
  namespace: null,
  rule: null,
  mustNot: [],
};

export function expectation({ incident, verified, drops }) {
  const flows = incident.expect.map(({ protocol, client, server, ...more }) => ({
    protocol,
    client,
    server,
    ...FLOW,
    ...more,
  }));
  return json({ flows, note: incident.title, verified, kernelDrops: drops });
}

export function readme({ incident, tried, captures, dumps, verified }) {
  const attempts = tried.flatMap(({ namespace, command, output }) => [
    ...`${namespace}$ ${command}`.split('\n'),
    ...(output === '' ? [] : output.split('\n')),
  ]);
  const points = captures.map(
    (capture) => `| \`bundle/${capture.path}\` | ${capture.count()} | \`${capture.command}\` |`,
  );
  const files = [...dumps].map(([name, list]) => `* \`${folderOf(name)}\`: ${list.join(', ')}`);
  return `# ${incident.name}

${wrapped(incident.about)}

${wrapped(`**What to see.** ${incident.see}`)}

## What was tried

${attempts.map((line) => `    ${line}`.trimEnd()).join('\n')}

## What is here

| capture | packets | taken with |
| --- | --- | --- |
${points.join('\n')}

${files.length > 0 ? files.join('\n') : 'No dumps: the captures are all there is.'}

\`expect.json\` is the truth. Recorded on Linux ${release().split('-')[0]} in network namespaces with
\`npm run record -- ${incident.name}\`, which checked while it ran:

${verified.map((line) => `* ${line}`).join('\n')}
`;
}

/** `red`, or of several machines `node-1/red`. */
function folderOf(title) {
  const [name, host] = title.split('/').reverse();
  return host === undefined ? `namespaces/${name}` : `${host}/namespaces/${name}`;
}

/** captures/README.md: what there is, and what the truth of each is. */
export function overview(incidents) {
  const rows = incidents.map(({ name, title, expect }) => {
    const causes = [...new Set(expect.flatMap(({ cause }) => cause ?? []))];
    return `| [${name}](${name}/README.md) | ${title} | ${causes.map((cause) => `\`${cause}\``).join(' ')} |`;
  });
  return `# Example bundles

Faults, and healthy networks that look odd, played on a real Linux kernel in network namespaces and with a real Docker
engine. Each folder has

* \`bundle/\`: captures and dumps, what a person would hand to \`nettrace analyze\`,
* \`expect.json\`: the truth, which was asserted while it was recorded. \`flows\` say status and cause of each flow
  (\`statusAlso\` and \`alsoAcceptable\`: other right answers; \`observed: false\`: no packet of it can be in the captures;
  \`mustNot\`: causes that would be wrong), and the place: namespace, rule, setting. \`kernelDrops\` are the kernel's own
  drop reasons meanwhile, of the whole machine,
* \`expect.yaml\`: the same as a case of \`nettrace test\` ([docs/testing.md](../docs/testing.md)), with more rows in some,
* \`README.md\`: what it holds, what was typed, and what to see.

\`npm run record -- NAME\` (as root) records one again, \`npm run record -- all\` everything, in some minutes. All names
and addresses are made up; addresses outside are from the ranges for documentation, or stand-ins inside the lab for
well-known resolvers: no packet ever left the machine.

| bundle | what happens | cause |
| --- | --- | --- |
${rows.join('\n')}
`;
}

const WIDTH = 110;

/** Paragraphs of plain words, filled to the width that the project's texts have. */
function wrapped(text) {
  return text
    .trim()
    .split('\n\n')
    .map((paragraph) => {
      const lines = [''];
      for (const word of paragraph.split(/\s+/)) {
        const line = lines.at(-1);
        if (line !== '' && line.length + word.length >= WIDTH) lines.push(word);
        else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
      }
      return lines.join('\n');
    })
    .join('\n\n');
}

function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}
