"use strict";

// Spans that are to be clips: the first press says at which window one begins, the second at which it ends.
review.marks = (source, decisions, hooks) => {
  const element = review.element("div", { class: "marks" });
  let from = null;

  const chip = (mark) => {
    const span = `${review.clock(mark.start_s)} – ${review.clock(mark.end_s)}`;
    const back = { type: "button", class: "close", "aria-label": `Take the mark ${span} back`, onclick: () => decisions.mark(mark.start_s, mark.end_s, null) };
    return review.element("li", null, review.element("button", { type: "button", class: "link", onclick: () => hooks.seek(mark.start_s) }, span), source.canDecide && review.element("button", back, "×"));
  };

  const draw = () => {
    const chips = decisions.marks().map(chip);
    if (from) chips.push(review.element("li", { class: "pending" }, `${review.clock(from.start_s)} – …`));
    element.replaceChildren(...(chips.length ? [review.element("span", { class: "faint" }, "Clips marked:"), review.element("ul", null, ...chips)] : []));
  };

  // Returns what came of it, in words.
  const press = (one) => {
    if (from === null) {
      from = one;
      hooks.pending(one.start_s);
      draw();
      return `A clip begins at ${review.clock(one.start_s)}. Go on to its last window and press m again.`;
    }
    const [start, end] = [Math.min(from.start_s, one.start_s), Math.max(from.end_s, one.end_s)];
    from = null;
    hooks.pending(null);
    decisions.mark(start, end, true);
    return `Marked from ${review.clock(start)} to ${review.clock(end)}.`;
  };
  return { element, draw, press };
};
