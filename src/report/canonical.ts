/** A dump's content as its command prints it. */
import type { DumpContent } from '../dump/dump.ts';
import { printRoutes } from '../dump/print/routes.ts';
import { printRules } from '../dump/print/rules.ts';
import { printRuleset } from '../xtables/print.ts';

export function canonicalText(content: DumpContent): string {
  switch (content.kind) {
    case 'ruleset':
      return printRuleset(content.ruleset);
    case 'routes':
      return printRoutes([...(content.dump4?.routes ?? []), ...(content.dump6?.routes ?? [])]);
    case 'ip-rules':
      return printRules(content.rules);
    case 'sysctls':
      return [...content.sysctls].map(([name, { value }]) => `${name} = ${value}\n`).join('');
    default:
      return '';
  }
}
