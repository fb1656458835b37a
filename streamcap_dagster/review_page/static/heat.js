"use strict";

// Videos by windows, a cell each. Only the rows in view are fetched, painted and in the page, however many videos there are.
review.heatMap = (source, hint) => {
  const ROW = 22;
  const PAGE = 40;
  const WIDEST = 24;
  const state = { measure: "flags", order: "name", search: "", total: 0, longest: 1, pages: new Map(), generation: 0, focus: 0 };
  const rows = review.element("ol", { class: "heat-rows" });
  const canvas = review.element("canvas", { class: "heat-canvas", "aria-hidden": "true" });
  const space = review.element("div", { class: "heat-space" }, rows, canvas);
  const element = review.element("div", { class: "heat" }, space);

  const videoAt = (place) => {
    const page = state.pages.get(Math.floor(place / PAGE));
    return Array.isArray(page) ? page[place % PAGE] : undefined;
  };

  const fetchPage = async (number) => {
    if (state.pages.has(number)) return;
    state.pages.set(number, "coming");
    const generation = state.generation;
    try {
      const page = await source.videos({ first: number * PAGE, most: PAGE, order: state.order, search: state.search });
      if (generation !== state.generation) return;
      state.pages.set(number, page.videos);
      state.total = page.total;
      state.longest = Math.max(1, page.longest, ...page.videos.map((video) => video.windows));
      hint.count(state.total);
    } catch (trouble) {
      if (generation === state.generation) state.pages.delete(number);
      hint.trouble(trouble);
    }
    draw();
  };

  const inView = () => {
    const first = Math.max(0, Math.floor(element.scrollTop / ROW));
    return [first, Math.min(state.total, first + Math.ceil(element.clientHeight / ROW) + 1)];
  };

  const row = (place) => {
    const video = videoAt(place);
    const told = video
      ? `${review.count(video.windows, "window")}, ${video.not_made.includes("caption_quality") ? "not measured yet" : `${video.flags.replace(/[0-]/g, "").length} flagged`}${video.troubles.length ? ", unreadable in parts" : ""}`
      : "…";
    const item = review.element(
      "li",
      { class: "heat-row", "aria-setsize": state.total, "aria-posinset": place + 1 },
      review.element(
        "a",
        { href: video ? source.link(video.video_id) : "#", tabindex: place === state.focus ? 0 : -1, "data-place": place, "aria-label": video ? `${video.video_id}: ${told}` : "not read yet" },
        review.element("span", { class: "heat-name", title: video?.video_id }, video ? video.video_id : "…"),
        review.element("span", { class: "heat-numbers" }, told),
      ),
    );
    item.style.setProperty("top", `${place * ROW}px`);
    return item;
  };

  const paint = (first, last) => {
    const box = element.getBoundingClientRect();
    const left = canvas.offsetLeft;
    const width = Math.max(50, element.clientWidth - left - 8);
    const painter = review.canvas(canvas, width, Math.min(element.clientHeight || box.height, state.total * ROW) || 1);
    const wide = Math.min(WIDEST, width / state.longest);
    const colour = review.palette(state.measure);
    for (let place = first; place < last; place += 1) {
      const video = videoAt(place);
      const top = place * ROW - element.scrollTop + 3;
      if (video) review.paintStrip(painter, video[state.measure], { wide, top, high: ROW - 6, colour, worst: review.MEASURES[state.measure].worst });
    }
    state.wide = wide;
  };

  const draw = review.soon(() => {
    space.style.setProperty("height", `${state.total * ROW}px`);
    element.style.setProperty("max-height", `${Math.max(3, state.total) * ROW + 2}px`);
    const [first, last] = inView();
    for (let page = Math.floor(first / PAGE); page <= Math.floor(Math.max(first, last - 1) / PAGE); page += 1) fetchPage(page);
    const held = rows.contains(document.activeElement);
    rows.replaceChildren(...Array.from({ length: Math.max(0, last - first) }, (_, step) => row(first + step)));
    if (!rows.querySelector("[tabindex='0']")) rows.querySelector("a")?.setAttribute("tabindex", "0");
    if (held) rows.querySelector(`[data-place='${state.focus}']`)?.focus({ preventScroll: true });
    paint(first, last);
  });

  const under = (event) => {
    const place = Math.floor((event.clientY - element.getBoundingClientRect().top + element.scrollTop) / ROW);
    const at = Math.floor((event.clientX - canvas.getBoundingClientRect().left) / (state.wide || 1));
    const video = videoAt(place);
    return video && at >= 0 && at < video.windows ? { video, at } : null;
  };

  canvas.addEventListener("mousemove", (event) => {
    const cell = under(event);
    canvas.classList.toggle("over", Boolean(cell));
    hint.cell(cell && `${cell.video.video_id}, window ${cell.at + 1} of ${cell.video.windows}: ${review.told(state.measure, cell.video[state.measure][cell.at])}`);
  });
  canvas.addEventListener("mouseleave", () => hint.cell(null));
  canvas.addEventListener("click", (event) => {
    const cell = under(event);
    if (cell) location.href = source.link(cell.video.video_id, cell.at);
  });
  rows.addEventListener("focusin", (event) => {
    state.focus = Number(event.target.dataset.place);
  });
  rows.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -state.total, End: state.total };
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    state.focus = Math.max(0, Math.min(state.total - 1, state.focus + steps[event.key]));
    const top = state.focus * ROW;
    if (top < element.scrollTop) element.scrollTop = top;
    if (top + ROW > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW - element.clientHeight;
    draw();
  });
  element.addEventListener("scroll", draw, { passive: true });
  new ResizeObserver(draw).observe(element);
  review.onColours(draw);

  const look = (changes) => {
    Object.assign(state, changes);
    if ("order" in changes || "search" in changes || "again" in changes) {
      state.generation += 1;
      state.pages.clear();
      if (!("again" in changes)) element.scrollTop = 0;
      fetchPage(Math.floor(inView()[0] / PAGE));
    }
    draw();
  };
  return { element, look };
};

// One video as a strip of cells, each `wide` pixels; where that is less than one, a pixel shows the worst of its windows.
review.paintStrip = (painter, letters, { wide, top, high, colour, worst }) => {
  if (wide >= 1) {
    const gap = wide > 4 ? 1 : 0;
    for (let at = 0; at < letters.length; at += 1) {
      painter.fillStyle = colour(letters[at]);
      painter.fillRect(at * wide, top, wide - gap, high);
    }
    return;
  }
  for (let pixel = 0; pixel < Math.ceil(letters.length * wide); pixel += 1) {
    const shared = letters.slice(Math.floor(pixel / wide), Math.max(Math.floor(pixel / wide) + 1, Math.floor((pixel + 1) / wide)));
    painter.fillStyle = colour([...shared].reduce((one, other) => (worst(other) > worst(one) ? other : one)));
    painter.fillRect(pixel, top, 1, high);
  }
};
