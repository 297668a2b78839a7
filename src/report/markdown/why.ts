/** One flow's story for an issue or a wiki. What inputs say is text there, never markup. */
import type { Analysis } from '../analysis.ts';
import { flowPath } from '../text/flow-path.ts';
import { namespaceNames } from '../text/namespace-name.ts';
import { commonFolder, place, shortener } from '../text/paths.ts';
import { styleOf } from '../text/style.ts';
import { clock, duration, nearText, passingText, verdictText, whoText } from '../text/why.ts';
import type { Story } from '../why/story.ts';
import { code, escaped } from './escape.ts';

export function storyMarkdown(story: Story, analysis: Analysis): string {
  const { flow, seen, missed, nearRules, others, nearest } = story;
  const shorten = shortener(commonFolder(analysis.inputs.map(({ path }) => path)));
  const options = [...(flow ? others : nearest)].map(({ option, status }) => `* ${status}: ${code(option)}`);
  if (!flow) return text([['No flow is what the filter asks for.'], options]);
  const view = { analysis, nameOf: namespaceNames(analysis.topology.namespaces), shorten };
  const path = flowPath(flow, view, styleOf({ width: 90, color: false, verbose: true }), 0);
  const parts = [
    [`## ${escaped(verdictText(story, flow))}`],
    [escaped(whoText(flow))],
    ['### Seen (UTC)'],
    [
      '| time | at | what |',
      '| ---: | --- | --- |',
      ...seen.map((passing, index) => {
        const time = index === 0 ? clock(passing.time) : `+${duration(passing.since)}`;
        return `| ${time} | ${escaped(passing.capture)} | ${escaped(passingText(passing, shorten))} |`;
      }),
      ...missed.map((one) => `| | ${escaped(one.capture)} | not seen, in ${escaped(shorten(one.path))} |`),
    ],
    ['### Way'],
    [
      '```text',
      ...path.map((line) => line.replaceAll('\u00a0', ' ').trimEnd().replaceAll('```', "'''")),
      '```',
    ],
    ...story.findings.flatMap((finding) => [
      [
        `### ${escaped(finding.title)} (${escaped(finding.cause)}, ${Math.round(finding.confidence * 100)} % sure)`,
      ],
      [escaped(finding.explanation)],
      finding.evidence.map(
        (item) => `* ${escaped(place({ ...item, path: shorten(item.path) }))}: ${escaped(item.text)}`,
      ),
      ...(finding.fix
        ? [
            ['**Fix**'],
            [...finding.fix.commands.map((command) => `* ${code(command)}`), '', escaped(finding.fix.effect)],
            [finding.fix.verified ? 'Verified by replay.' : 'Not verified.'],
          ]
        : []),
    ]),
    nearRules.map((rule) => `* ${escaped(nearText(rule))}: ${code(rule.text)}`),
    ...(options.length > 0 ? [['### Other flows'], options] : []),
  ];
  return text(parts);
}

function text(parts: readonly (readonly string[])[]): string {
  const blocks = parts.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${blocks.join('\n\n')}\n`;
}
