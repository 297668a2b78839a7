import { clockText } from '../../text/time.ts';
import { endParts, type FlowRow } from '../flow-row.ts';

const PAGE = 25;
const ENDS: ReadonlySet<number> = new Set([2, 3]);
const BEGIN = 6;
const FINDINGS = 7;

/** Sorting, filtering and paging of the table of flows; `/` leads to the filter. */
export function flowTools(): void {
  const table = document.querySelector<HTMLTableElement>('#flow-table');
  const body = table?.tBodies[0];
  const filter = document.querySelector<HTMLInputElement>('[data-filter]');
  const outcome = document.querySelector<HTMLSelectElement>('[data-outcome]');
  const status = document.querySelector('#flow-count');
  const pager = document.querySelector<HTMLElement>('[data-pager]');
  const place = document.querySelector('[data-place]');
  const back = document.querySelector<HTMLButtonElement>('[data-back]');
  const on = document.querySelector<HTMLButtonElement>('[data-on]');
  if (!table || !body || !filter || !outcome || !status || !pager || !place || !back || !on) return;
  const rows = JSON.parse(document.querySelector('#flow-data')?.textContent ?? '[]') as FlowRow[];
  const words = rows.map((row) => row.slice(0, 4).join(' ').toLowerCase());
  const said = status.textContent ?? '';
  let order = rows.map((_, index) => index);
  let found = order;
  let page = 0;
  let sorted = { column: -1, isDown: false };

  const show = () => {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(page, pages - 1);
    body.replaceChildren(
      ...found.slice(page * PAGE, (page + 1) * PAGE).map((index) => rowElement(rows[index] as FlowRow)),
    );
    pager.hidden = pages === 1;
    place.textContent = `page ${page + 1} of ${pages}`;
    back.disabled = page === 0;
    on.disabled = page === pages - 1;
  };
  const find = () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const only = outcome.value;
    found = order.filter(
      (index) =>
        (only === '' || rows[index]?.[0] === only) && wanted.every((word) => words[index]?.includes(word)),
    );
    const isAll = wanted.length === 0 && only === '';
    status.textContent = isAll ? said : `${found.length.toLocaleString('en')} of ${said}`;
    page = 0;
    show();
  };
  const known = new Map<number, readonly Key[]>();
  const keysOf = (column: number) => {
    const keys = known.get(column) ?? rows.map((row) => keyOf(row, column));
    known.set(column, keys);
    return keys;
  };
  const sort = (column: number) => {
    sorted = { column, isDown: sorted.column === column && !sorted.isDown };
    const sign = sorted.isDown ? -1 : 1;
    const keys = keysOf(column);
    order = rows.map((_, index) => index).sort((a, b) => sign * compare(keys[a], keys[b]));
    for (const [index, cell] of [...(table.tHead?.rows[0]?.cells ?? [])].entries()) {
      if (index === column) cell.setAttribute('aria-sort', sorted.isDown ? 'descending' : 'ascending');
      else cell.removeAttribute('aria-sort');
    }
    find();
  };

  for (const [index, cell] of [...(table.tHead?.rows[0]?.cells ?? [])].entries()) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = cell.textContent;
    button.addEventListener('click', () => sort(index));
    cell.replaceChildren(button);
  }
  for (const hidden of document.querySelectorAll<HTMLElement>('[data-tools]')) hidden.hidden = false;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  filter.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, rows.length > 5000 ? 120 : 0);
  });
  outcome.addEventListener('change', find);
  const turn = (by: number) => {
    page = Math.max(0, page + by);
    show();
  };
  back.addEventListener('click', () => turn(-1));
  on.addEventListener('click', () => turn(1));
  document.addEventListener('keydown', (event) => {
    const target = event.target as Element | null;
    const isTyping = target?.matches('input, select, textarea') ?? false;
    if (event.key === '/' && !isTyping) {
      event.preventDefault();
      filter.focus();
    } else if (event.key === 'Escape' && target === filter) {
      filter.value = '';
      find();
    }
  });
  show();
}

type Key = string | number;

/** What is compared quickly: numbers within a text as wide as the widest, so that 10.0.0.9 is before 10.0.0.10. */
function keyOf(row: FlowRow, column: number): Key {
  const value = row[column];
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return value.replace(/\d+/g, (digits) => digits.padStart(10, '0'));
  return value?.[0] ?? Number.MAX_SAFE_INTEGER;
}

function compare(one: Key = '', other: Key = ''): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function rowElement(row: FlowRow): HTMLTableRowElement {
  const element = document.createElement('tr');
  for (const [column, value] of row.entries()) {
    const cell = element.insertCell();
    if (column === FINDINGS) {
      for (const number of value as readonly number[]) {
        const link = document.createElement('a');
        link.href = `#finding-${number}`;
        link.textContent = String(number);
        cell.append(link, ' ');
      }
    } else if (column === BEGIN) {
      cell.textContent = clockText(Number(value));
      cell.className = 'moment';
    } else if (ENDS.has(column)) {
      const [address, owner] = endParts(String(value));
      const part = document.createElement('span');
      part.className = 'part';
      part.textContent = owner;
      cell.className = 'end';
      cell.append(address, ...(owner === '' ? [] : [' ', part]));
    } else {
      cell.textContent = String(value);
      if (typeof value === 'number') cell.className = 'number';
    }
  }
  return element;
}
