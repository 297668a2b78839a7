/** A rule of nft's text, to the end of its line. What isn't understood becomes an unknown statement with its text. */
import type { NftRule } from '../ruleset.ts';
import type { Scope } from '../scope.ts';
import type { Statement } from '../statement.ts';
import { atEnd, type Cursor, peek, skipWord, slice, takeName } from './cursor.ts';
import { statement } from './statement.ts';

export function rule(cursor: Cursor, scope: Scope): NftRule {
  const from = cursor.at;
  const outer = cursor.fault;
  const depth = cursor.depth;
  delete cursor.fault;
  const line = peek(cursor)?.line ?? 1;
  const statements: Statement[] = [];
  let comment: string | undefined;
  let end = from;
  while (!atEnd(cursor)) {
    const start = cursor.at;
    if (skipWord(cursor, 'comment')) {
      comment = takeName(cursor, 'a comment');
      continue;
    }
    const next = statement(cursor, scope);
    const fault = cursor.fault;
    if (fault !== undefined || cursor.at === start) {
      cursor.at = start;
      skipRest(cursor);
      const text = slice(cursor, start, cursor.at);
      const why = fault ?? 'no statement that is known';
      statements.push({ kind: 'unknown', text, why });
      scope.complain(peekLine(cursor, start) ?? line, text, why);
      end = cursor.at;
      break;
    }
    statements.push(...next);
    end = cursor.at;
  }
  cursor.depth = depth;
  delete cursor.fault;
  if (outer !== undefined) cursor.fault = outer;
  const handle = takeHandle(cursor);
  return {
    statements,
    ...(comment === undefined ? {} : { comment }),
    ...(handle === undefined ? {} : { handle }),
    text: slice(cursor, from, end),
    span: { path: scope.path, line },
  };
}

function peekLine(cursor: Cursor, at: number): number | undefined {
  return cursor.tokens[at]?.line;
}

/** To where the rule ends: the end of a line outside of braces that the rule opens itself. */
function skipRest(cursor: Cursor): void {
  let depth = 0;
  for (let token = peek(cursor); token; token = peek(cursor)) {
    if (depth === 0 && atEnd(cursor)) return;
    if (token.kind === 'symbol' && token.text === '{') depth++;
    else if (token.kind === 'symbol' && token.text === '}') depth--;
    // A brace that nobody closes does not swallow the chains behind it.
    else if (token.kind === 'newline' && beginsBlock(cursor)) return;
    cursor.at++;
  }
}

function beginsBlock(cursor: Cursor): boolean {
  const word = cursor.tokens[cursor.at + 1];
  return (
    word?.kind === 'word' &&
    (word.text === 'chain' || word.text === 'table') &&
    cursor.tokens
      .slice(cursor.at + 2, cursor.at + 5)
      .some((token) => token.kind === 'symbol' && token.text === '{')
  );
}

/** `# handle 5` at the end. */
export function takeHandle(cursor: Cursor): number | undefined {
  const token = peek(cursor);
  if (token?.kind !== 'handle') return undefined;
  cursor.at++;
  return Number(token.text);
}
