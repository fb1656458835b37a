"use strict";

// Windows side by side: frame, words, novelty, flags, cost. Only those in view are in the page, and only their pictures are asked for.
review.timeline = (source, shown, decisions, hooks) => {
  const WIDE = 172;
  const state = { places: [], selected: 0, playing: -1 };
  const list = review.element("div", { class: "windows", role: "listbox", tabindex: 0, "aria-label": "Windows", "aria-orientation": "horizontal" });
  const scroller = review.element("div", { class: "timeline-scroll" }, list);
  const names = ["", "Frame", "Said", "Novelty", "Flags", "Cost"].map((lane) => review.element("span", null, lane));
  const lanes = review.element("div", { class: "lanes", "aria-hidden": "true" }, ...names);
  const empty = review.element("p", { class: "timeline-empty", hidden: true });
  const element = review.element("section", { class: "timeline", "aria-label": "Timeline" }, lanes, scroller, empty);
  const made = new Map();
  const name = (at) => `window-${at}`;

  const picture = (one) => {
    const k = Math.floor(one.frames_s.length / 2);
    const address = one.frames_s.length ? source.still(shown, one, k) : "";
    const frame = review.element("div", { class: "frame" });
    if (!address) return frame;
    const image = review.element("img", { alt: "", decoding: "async", draggable: "false", src: address });
    image.addEventListener("error", () => frame.classList.add("gone"));
    frame.append(image);
    return frame;
  };

  const novelty = (one) => {
    const lane = review.element("div", { class: "novelty" });
    if (one.quality && one.quality.words) {
      const bar = review.element("span", { class: one.quality.flags.some((flag) => flag.startsWith("novelty")) ? "low" : "" });
      bar.style.setProperty("height", `${Math.max(4, 100 * one.quality.novelty)}%`);
      lane.append(review.element("small", null, one.quality.novelty.toFixed(2)), bar);
    }
    return lane;
  };

  const badge = (manner) => manner && review.element("b", { class: `badge ${manner}` }, manner);

  const words = (one) => {
    const text = decisions.text(one);
    if (text) return review.element("p", { class: "said", dir: "auto" }, text.length > 400 ? `${text.slice(0, 400)}…` : text);
    const failed = !["ok", "no_change"].includes(one.outcome) && !decisions.isEdited(one);
    return review.element("p", { class: `said ${failed ? "failed" : "silent"}` }, failed ? `${review.OUTCOMES[one.outcome]}${one.reason ? `: ${one.reason}` : ""}` : "silent");
  };

  const flags = (one) => {
    const found = one.quality ? one.quality.flags.filter((flag) => !flag.endsWith("_error")) : [];
    const bad = new Set(one.quality ? one.quality.flags.filter((flag) => flag.endsWith("_error")).map((flag) => flag.replace(/_error$/, "")) : []);
    return review.element("div", { class: "flags" }, ...found.slice(0, 2).map((flag) => review.element("span", { class: bad.has(flag) ? "bad" : "" }, review.flagName(flag))), found.length > 2 && review.element("span", { class: "more" }, `+${found.length - 2}`));
  };

  const told = (one, at) => {
    const measured = one.quality ? one.quality.flags.filter((flag) => !flag.endsWith("_error")).map(review.flagName) : [];
    const parts = [`Window ${at + 1} of ${shown.windows.length}, ${review.clock(one.start_s)} to ${review.clock(one.end_s)}`, decisions.text(one).slice(0, 300) || review.OUTCOMES[one.outcome]];
    if (measured.length) parts.push(`flagged: ${measured.join(", ")}`);
    if (decisions.manner(one)) parts.push(decisions.manner(one));
    return parts.join(". ");
  };

  const column = (place) => {
    const at = state.places[place];
    const one = shown.windows[at];
    const manner = decisions.manner(one);
    const opens = one.kind !== "delta";
    const node = review.element(
      "div",
      {
        class: `window ${opens ? "opens" : ""} ${manner} ${at === state.playing ? "playing" : ""}`,
        id: name(at),
        role: "option",
        "aria-selected": String(at === state.selected),
        "aria-setsize": state.places.length,
        "aria-posinset": place + 1,
        "aria-label": told(one, at),
        onclick: () => hooks.select(at),
        ondblclick: () => hooks.play(at),
      },
      review.element("header", null, review.element("time", null, review.clock(one.start_s)), opens && review.element("em", null, one.kind), badge(manner)),
      picture(one),
      words(one),
      novelty(one),
      flags(one),
      review.element("footer", null, one.cost_usd ? review.money(one.cost_usd) : ""),
    );
    node.style.setProperty("left", `${place * WIDE}px`);
    return node;
  };

  const draw = review.soon(() => {
    const first = Math.max(0, Math.floor(scroller.scrollLeft / WIDE) - 2);
    const last = Math.min(state.places.length, Math.ceil((scroller.scrollLeft + scroller.clientWidth) / WIDE) + 2);
    const wanted = new Map(state.places.slice(first, last).map((at, step) => [at, first + step]));
    for (const [at, node] of made) {
      if (wanted.has(at)) continue;
      node.remove();
      made.delete(at);
    }
    for (const [at, place] of wanted) {
      if (made.has(at)) continue;
      const node = column(place);
      const after = [...made].filter(([other]) => other > at).sort(([one], [other]) => one - other)[0];
      list.insertBefore(node, after ? after[1] : null);
      made.set(at, node);
    }
    if (made.has(state.selected)) list.setAttribute("aria-activedescendant", name(state.selected));
    else list.removeAttribute("aria-activedescendant");
  });

  const forget = () => {
    for (const node of made.values()) node.remove();
    made.clear();
  };

  const reveal = (place) => {
    const left = place * WIDE;
    if (left >= scroller.scrollLeft && left + WIDE <= scroller.scrollLeft + scroller.clientWidth) return;
    scroller.scrollLeft = left - (scroller.clientWidth - WIDE) / 3;
  };

  scroller.addEventListener("scroll", draw, { passive: true });
  scroller.addEventListener(
    "wheel",
    (event) => {
      if (Math.abs(event.deltaY) <= Math.abs(event.deltaX) || event.shiftKey) return;
      event.preventDefault();
      scroller.scrollLeft += event.deltaY;
    },
    { passive: false },
  );
  new ResizeObserver(draw).observe(scroller);

  // Which windows there are to see: their places in the list of all; `why` is said when there is none.
  const show = (places, why) => {
    state.places = places;
    empty.textContent = why;
    empty.hidden = places.length > 0;
    lanes.style.setProperty("visibility", places.length > 0 ? "visible" : "hidden");
    list.style.setProperty("width", `${places.length * WIDE}px`);
    forget();
    draw();
  };
  const select = (at) => {
    made.get(state.selected)?.setAttribute("aria-selected", "false");
    state.selected = at;
    made.get(at)?.setAttribute("aria-selected", "true");
    const place = state.places.indexOf(at);
    if (place !== -1) reveal(place);
    draw();
  };
  const play = (at) => {
    if (at === state.playing) return;
    made.get(state.playing)?.classList.remove("playing");
    state.playing = at;
    made.get(at)?.classList.add("playing");
  };
  // Something was decided anew.
  const refreshAll = () => {
    forget();
    draw();
  };
  return { element, list, show, select, play, refreshAll, told };
};
