/** What CI systems are told, read back; what doesn't keep to its form fails the test. */
import { Ajv } from 'ajv';
import { expect } from 'vitest';
import { SARIF } from '../support/sarif-check.ts';

const isSarif = new Ajv({ allErrors: true, strict: false }).compile(SARIF);

export interface Sarif {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly invocations: readonly {
      readonly executionSuccessful: boolean;
      readonly toolExecutionNotifications: readonly {
        readonly level: string;
        readonly message: { text: string };
      }[];
    }[];
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly locations?: readonly {
        readonly physicalLocation?: {
          readonly artifactLocation: { readonly uri: string };
          readonly region?: { readonly startLine: number; readonly snippet?: { readonly text: string } };
        };
        readonly logicalLocations?: readonly { readonly fullyQualifiedName: string }[];
      }[];
      readonly partialFingerprints: Readonly<Record<string, string>>;
    }[];
  }[];
}

export function checkedSarif(text: string): Sarif {
  const sarif = JSON.parse(text) as Sarif;
  expect(isSarif(sarif), JSON.stringify(isSarif.errors?.slice(0, 3))).toBe(true);
  for (const { tool, results } of sarif.runs)
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  return sarif;
}

const COMMAND = /^::(error|warning|notice) (?:file=[^,:\r\n]+,)?(?:line=\d+,)?title=[^,:\r\n]+::[^\r\n]+$/;

/** Its lines. */
export function checkGithub(text: string): string[] {
  const lines = text.split('\n').slice(0, -1);
  for (const line of lines) {
    expect(line).toMatch(COMMAND);
    expect(line.replaceAll(/%(25|0A|0D|3A|2C)/g, '')).not.toContain('%');
  }
  return lines;
}
