import { rulesOnly } from '../../../src/difference/rule-replay.ts';
import { createNet } from '../../../src/netstack/net.ts';
import { BddFull } from '../../../src/symbolic/bdd.ts';
import { sampleOf } from '../../../src/symbolic/sample.ts';
import { Space } from '../../../src/symbolic/space.ts';
import { surveyRules } from '../../../src/symbolic/survey.ts';
import { parseSave } from '../../../src/xtables/parse.ts';
import { holds } from '../check.ts';
import { ruleRows } from '../rules.ts';
import { textTarget } from '../target.ts';

/** What the sets may take: a rule alone may need more than an input should. */
const LIMITS = { nodes: 1 << 18, steps: 100_000 };

export const target = textTarget({
  name: 'symbolic',
  about: 'rules with all packets at once: what a rule takes, comes to it and fits its conditions',
  longest: 768,
  seeds: () => [RULES, ...ruleRows().map(({ table, rule }) => rulesetOf(table, rule.replace('-A foo', '')))],
  run(text) {
    const { ruleset } = parseSave(text, 'x');
    const tables = createNet(rulesOnly([ruleset], [])).tables[ruleset.family];
    try {
      const { family } = ruleset;
      const space = new Space({ family, rulesets: [ruleset], fragments: !tables.tracks, limits: LIMITS });
      const { rules } = surveyRules({ tables, ipsets: [], space });
      for (const { reach, taken } of rules.values()) {
        holds(
          space.bdd.and(taken, space.bdd.not(reach)) === space.bdd.and(reach, space.bdd.not(reach)),
          'a rule takes only what comes to it',
        );
        sampleOf(space, taken);
      }
    } catch (error) {
      if (!(error instanceof BddFull)) throw error;
    }
  },
});

function rulesetOf(table: string, rule: string): string {
  const chain = table === 'nat' ? 'POSTROUTING' : 'OUTPUT';
  return `*${table}\n:${chain} ACCEPT [0:0]\n-A ${chain} ${rule}\nCOMMIT\n`;
}

const RULES = `*mangle
:PREROUTING ACCEPT [0:0]
-A PREROUTING -i eth+ -p tcp -m multiport --dports 22,80,1000:2000 -j MARK --set-xmark 0x1/0x3
-A PREROUTING -j CONNMARK --save-mark
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:web - [0:0]
-A FORWARD -m mark --mark 0x1/0x3 -g web
-A FORWARD ! -s 10.0.0.0/255.0.0.255 -m conntrack ! --ctstate NEW -j ACCEPT
-A web -m iprange --src-range 10.0.0.1-10.0.0.9 -j RETURN
-A web -m limit --limit 3/min -j REJECT
-A web -p tcp -m tcp --tcp-flags SYN,ACK SYN -j DROP
COMMIT
`;
