/** Texts of servers as text: nothing in them is markup, and what would not be seen is made visible. */

/** Characters that nobody sees, and those that change the direction or the look of others. */
const DECEPTIVE = /[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\uFFF9-\uFFFB]/gu;
/** Of those, what text needs: tab and line feed, the joiners of Persian and of emoji, variation selectors of emoji. */
const NEEDED = /[\t\n\u200C\u200D]|[\uFE00-\uFE0F]/;

export function toVisible(text) {
  return text
    .replaceAll('\r\n', '\n')
    .replaceAll(DECEPTIVE, (character) =>
      NEEDED.test(character) ? character : `\\u{${character.codePointAt(0).toString(16).toUpperCase()}}`,
    );
}

/** Keeps every text below an element visible, whichever component put it there. */
export function keepVisible(root) {
  const observer = new MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      if (target.nodeType === Node.TEXT_NODE) show(target);
      for (const node of addedNodes) showAll(node);
    }
  });
  observer.observe(root, { subtree: true, childList: true, characterData: true });
}

function showAll(node) {
  if (node.nodeType === Node.TEXT_NODE) show(node);
  const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) show(texts.currentNode);
}

function show(text) {
  // What the reader edits is what is sent.
  if (text.parentElement?.closest('textarea')) return;
  const seen = toVisible(text.data);
  if (seen !== text.data) text.data = seen;
}

/** A component that shows Markdown as it was written, but for `code`. */
export function createPlainText(React) {
  return function PlainText({ source }) {
    if (typeof source !== 'string' || source === '') return null;
    const pieces = source.split(/(`[^`\n]+`)/).map((piece, index) =>
      // Every other piece is what the group matched.
      index % 2 === 1 ? React.createElement('code', { key: index }, piece.slice(1, -1)) : piece,
    );
    return React.createElement('div', { className: 'plain-text', dir: 'auto' }, ...pieces);
  };
}
