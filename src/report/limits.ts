/** What an input may cost, as data and as the table of docs/reliability.md. */
import { formatLimit, LIMIT_NAMES, LIMITS, type LimitDefinition, limitWord } from '../base/limits.ts';

/** nettrace-limits/1 */
export function limitsData() {
  return {
    schema: 'nettrace-limits/1',
    limits: LIMIT_NAMES.map((name) => {
      const { most, unit, of, beyond, why }: LimitDefinition = LIMITS[name];
      return { name: limitWord(name), option: name, default: most, unit, of, beyond, why };
    }),
  };
}

export function limitsTable(): string {
  return [
    '| limit | default | of what | beyond it | nobody meets it, since |',
    '| --- | --- | --- | --- | --- |',
    ...LIMIT_NAMES.map((name) => {
      const { most, of, beyond, why } = LIMITS[name];
      return `| \`${limitWord(name)}\` | ${formatLimit(name, most)} | ${of} | ${beyond} | ${why} |`;
    }),
  ].join('\n');
}
