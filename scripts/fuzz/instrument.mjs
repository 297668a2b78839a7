// Puts a counter at every place of a module where it may go one way or another: functions, branches, loops, cases, the right
// side of `&&`, `||` and `??`. Loops and functions also take one off what an input may cost.
import { parse } from 'acorn';

/**
 * `firstPoint`: of the module's counters in `globalThis.fuzzPoints.hits`. Gives the module with them in, how many there are, and
 * the texts and numbers that stand in it, of which a reader's grammar mostly consists.
 */
export function instrumented(code, firstPoint) {
  const insertions = [];
  const words = new Set();
  let points = 0;
  const put = (at, text, order = 0) => insertions.push({ at, text, order, turn: insertions.length });
  const counted = () => `_fuzzHits[${firstPoint + points++}]++`;
  const limited = () => `${counted()}, --_fuzzLeft[0] < 0 && _fuzzOver()`;
  const before = (node, count = counted) => {
    put(node.start, `(${count()}, `);
    put(node.end, ')', -1);
  };
  const within = (node, count = counted) => {
    if (node.type === 'BlockStatement') return put(node.start + 1, `${count()};`);
    put(node.start, `{${count()};`);
    put(node.end, '}', -1);
  };
  const visit = (node) => {
    switch (node.type) {
      case 'FunctionDeclaration':
      case 'FunctionExpression':
        within(node.body, limited);
        break;
      case 'ArrowFunctionExpression':
        if (node.body.type === 'BlockStatement') within(node.body, limited);
        else before(node.body, limited);
        break;
      case 'IfStatement':
        within(node.consequent);
        if (node.alternate) within(node.alternate);
        break;
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
      case 'WhileStatement':
      case 'DoWhileStatement':
        within(node.body, limited);
        break;
      case 'SwitchCase':
        if (node.consequent[0]) put(node.consequent[0].start, `${counted()};`);
        break;
      case 'ConditionalExpression':
        before(node.consequent);
        before(node.alternate);
        break;
      case 'LogicalExpression':
        before(node.right);
        break;
      case 'CatchClause':
        within(node.body);
        break;
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
        return;
      case 'Property':
        if (node.key.type === 'Identifier') words.add(node.key.name);
        break;
      case 'Literal':
        for (const word of wordsOf(node)) words.add(word);
        break;
    }
    for (const child of Object.values(node)) {
      if (Array.isArray(child)) for (const one of child) if (one?.type) visit(one);
      if (child?.type) visit(child);
    }
  };
  visit(parse(code, { ecmaVersion: 'latest', sourceType: 'module' }));
  // What ends at a place is closed before anything begins there: the inner first, as the outer was come to first.
  insertions.sort(
    (a, b) => a.at - b.at || a.order - b.order || (a.order < 0 ? b.turn - a.turn : a.turn - b.turn),
  );
  let text =
    points === 0
      ? ''
      : 'const { hits: _fuzzHits, left: _fuzzLeft, over: _fuzzOver } = globalThis.fuzzPoints;';
  let from = 0;
  for (const { at, text: piece } of insertions) {
    text += code.slice(from, at) + piece;
    from = at;
  }
  return { code: text + code.slice(from), points, words };
}

/** Texts as they are, and the words that a pattern is made of. */
function wordsOf({ value, regex }) {
  if (regex) return regex.pattern.replace(/\\[a-zA-Z]/g, ' ').match(/[A-Za-z][\w-]+/g) ?? [];
  return typeof value === 'string' && value.length > 0 && value.length <= 24 ? [value] : [];
}
