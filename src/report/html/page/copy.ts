/** Buttons beside commands: into the clipboard, or where that isn't allowed (a page from the disk), selected. */
export function copyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', () => void copy(button));
  }
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const block = button.parentElement?.querySelector('pre');
  if (!block) return;
  try {
    await navigator.clipboard.writeText((block.textContent ?? '').trim());
    button.textContent = 'Copied';
  } catch {
    getSelection()?.selectAllChildren(block);
    button.textContent = 'Selected';
  }
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 2000);
}
