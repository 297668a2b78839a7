/** Everything at once: random networks, every table with random rules in every namespace, settings, packets of all kinds and answers. */
import type { Case } from '../case.ts';
import { answersOf, limited } from '../generate/answers.ts';
import { randomPacket } from '../generate/packets.ts';
import { randomSite } from '../generate/random-site.ts';
import { randomRules } from '../generate/rules.ts';
import { randomSettings } from '../generate/settings.ts';
import { type SiteNamespace, vocabularyOf } from '../generate/site.ts';
import type { Random } from '../random.ts';

const PACKETS = 40;
const ANSWERS = 60;

export function mixedCase(random: Random): Omit<Case, 'name'> {
  const site = randomSite(random);
  const [gateway, ...leaves] = site.namespaces;
  if (!gateway) throw new Error('a site without namespaces');
  const rules = (namespace: SiteNamespace) => {
    const words = vocabularyOf(site, namespace);
    return { ip4: randomRules(random, 4, words), ip6: randomRules(random, 6, words) };
  };
  return {
    network: site.network,
    backend: random.pick(['nft', 'legacy'] as const),
    rules: {
      [gateway.name]: rules(gateway),
      ...Object.fromEntries(leaves.filter(() => random.chance(0.4)).map((leaf) => [leaf.name, rules(leaf)])),
    },
    settings: { [gateway.name]: randomSettings(random, site) },
    stimuli: Array.from({ length: PACKETS }, () => randomPacket(random, site)),
    answer: limited(ANSWERS, (frames) => answersOf(frames, () => random.chance(0.7))),
  };
}
