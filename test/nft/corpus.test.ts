import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { comparable, fromJson, fromText, unknowns } from './support/forms.ts';

/** nft rulesets found in the wild, and the JSON that a kernel gave of some; read in place where they are. */
const FOLDER = '../shared/corpus/dumps';
const NAMES = existsSync(FOLDER) ? readdirSync(FOLDER) : [];
const TEXTS = NAMES.filter((name) => name.startsWith('nft-ruleset__'));
const file = (name: string) => readFileSync(`${FOLDER}/${name}`, 'utf8');

/** What no nft prints: variables of shells and macros, and the way firewalld's tests shorten rules. */
const NOT_NFT = /\$\w|^icmp(?:v6)? (?:echo|redirect|nd)|^icmpv6 nd-|\[\[/;

describe.runIf(TEXTS.length > 0)('rulesets of the corpus', () => {
  it('hold no statement that is not known', () => {
    const lost = TEXTS.flatMap((name) => unknowns(fromText(file(name)).ruleset));
    expect(lost.filter((text) => !NOT_NFT.test(text))).toEqual([]);
  });

  it('in JSON hold none either', () => {
    const names = NAMES.filter((name) => name.startsWith('nft-json__'));
    expect(names.flatMap((name) => unknowns(fromJson(file(name)).ruleset))).toEqual([]);
  });

  /** The extensions of iptables-nft are translated in the text, and only named in JSON. */
  const pairs = TEXTS.filter(
    (name) => existsSync(`${FOLDER}/nft-json__${name}.json`) && !name.includes('of-ruleset'),
  );
  it.each(pairs)('%s is the same in JSON', (name) => {
    const [text, json] = [fromText(file(name)), fromJson(file(`nft-json__${name}.json`))];
    expect(comparable(json.ruleset)).toEqual(comparable(text.ruleset));
  });
});
