/** The equations of a text, in a form in which spaces, `$` and the sign of multiplication don't tell them apart. */
export function equationsIn(text: string): Set<string> {
  const found = new Set<string>();
  for (const line of text.split('\n')) {
    const signs = line.replace(/\\times|\\cdot|[\u00D7\u00B7]/g, '*').replace(/\\?[$,]|\\[()[\]]/g, '');
    // Words end an equation: it is what stands between them.
    for (const part of signs.split(/(?:^|\s)[*_"'(]*[A-Za-z]{2,}[^\s=]*(?=\s|$)|[;:!?](?=\s|$)|\.(?=\s|$)/)) {
      const equation = part.replace(/\s+/g, '');
      if (/[^=]=[^=]/.test(equation)) found.add(equation);
    }
  }
  return found;
}
