// Runs in the browser: what is wrong with how the page looks, one line each. `charts`: how many there must be.
(charts) => {
  const faults = [];
  const box = (element) => element.getBoundingClientRect();
  const style = (element) => getComputedStyle(element);

  for (const folded of document.querySelectorAll('details')) folded.open = true;
  const overflow = document.documentElement.scrollWidth - innerWidth;
  if (overflow > 0) faults.push(`scrolls sideways by ${overflow} px`);

  const drawings = [...document.querySelectorAll('svg[role=img]')];
  if (drawings.length !== charts) faults.push(`${drawings.length} charts, not ${charts}`);
  for (const svg of drawings) {
    const name = svg.getAttribute('aria-label')?.slice(0, 60);
    if (!name) faults.push('chart without a description');
    if (box(svg).width < 100 || box(svg).height < 80) faults.push(`chart too small to see: ${name}`);
    const marks = [...svg.querySelectorAll('[class*=mark-]:not(.mark-text):not(.mark-group) > :is(path, line)')].filter(
      (mark) => mark.closest('[class*=role-mark]') && box(mark).width + box(mark).height > 2,
    );
    if (marks.length === 0) faults.push(`chart without marks: ${name}`);
    for (const mark of marks.filter((mark) => style(mark).fillOpacity === '1' && style(mark).opacity === '1')) {
      const { fill, stroke } = style(mark);
      const colour = fill === 'none' ? stroke : fill;
      if (colour === 'none' || contrast(colour, behind(svg)) < 3) faults.push(`mark of ${colour} in ${name}`);
    }
    for (const text of svg.querySelectorAll('text'))
      if (text.textContent && contrast(style(text).fill, behind(svg)) < 4.5)
        faults.push(`label of ${style(text).fill} in ${name}`);
  }

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest('svg, style') || !element.checkVisibility()) continue;
    const found = contrast(style(element).color, behind(element));
    if (found < 4.5) faults.push(`contrast ${found.toFixed(1)}: ${node.data.trim().slice(0, 60)}`);
  }
  return [...new Set(faults)];

  /** The colour behind an element. */
  function behind(element) {
    for (let at = element; at; at = at.parentElement) {
      const { backgroundColor } = style(at);
      if (!/, 0\)$/.test(backgroundColor)) return backgroundColor;
    }
    return 'rgb(255, 255, 255)';
  }

  /** Of two colours, 1 to 21 (WCAG 2). */
  function contrast(one, other) {
    const [lighter, darker] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (lighter + 0.05) / (darker + 0.05);
  }

  function luminance(colour) {
    const [red, green, blue] = colour.match(/[\d.]+/g).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }
};
