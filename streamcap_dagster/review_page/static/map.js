"use strict";

// The whole video in one line: novelty as bars, silence as ticks, flags above and decisions below; a slider that seeks.
review.map = (shown, decisions, hooks) => {
  const HIGH = 54;
  const state = { at: 0, selected: 0, marks: [], pending: null };
  const canvas = review.element("canvas", { "aria-hidden": "true" });
  const length = Math.max(shown.duration_s, ...shown.windows.map((one) => one.end_s), 0.001);
  const element = review.element(
    "div",
    { class: "map", role: "slider", tabindex: 0, "aria-label": "Position in the video", "aria-valuemin": 0, "aria-valuemax": Math.round(length), "aria-valuenow": 0 },
    canvas,
  );

  const bar = (painter, one, width) => {
    const left = (one.start_s / length) * width;
    const wide = Math.max(1, ((one.end_s - one.start_s) / length) * width - (shown.windows.length < width / 5 ? 1 : 0));
    const flagged = one.quality && one.quality.flags.length > 0;
    const failed = !["ok", "no_change"].includes(one.outcome);
    const base = HIGH - 10;
    if (failed) {
      painter.fillStyle = review.colour("bad");
      painter.fillRect(left, 10, wide, base - 10);
    } else if (one.outcome === "no_change") {
      painter.fillStyle = review.colour("cell-silent");
      painter.fillRect(left, base - 2, wide, 2);
    } else {
      const high = one.quality ? Math.max(2, one.quality.novelty * (base - 12)) : base - 12;
      painter.fillStyle = review.colour(one.quality ? "cell-good" : "cell-blank");
      painter.fillRect(left, base - high, wide, high);
    }
    if (flagged) {
      painter.fillStyle = review.colour(one.quality.flags.some((flag) => flag.endsWith("_error")) ? "bad" : "warn");
      painter.fillRect(left, 3, Math.max(2, wide), 4);
    }
    const manner = decisions.manner(one);
    if (manner) {
      painter.fillStyle = review.colour({ dropped: "bad", edited: "edited", ranked: "ranked", kept: "cell-good" }[manner]);
      painter.fillRect(left, HIGH - 6, Math.max(2, wide), 4);
    }
  };

  const paint = review.soon(() => {
    const width = element.clientWidth;
    const painter = review.canvas(canvas, width, HIGH);
    painter.fillStyle = review.colour("mark");
    for (const mark of state.marks) painter.fillRect((mark.start_s / length) * width, 0, ((mark.end_s - mark.start_s) / length) * width, HIGH);
    if (state.pending !== null) painter.fillRect((state.pending / length) * width, 0, Math.max(2, ((Math.max(state.at, state.pending) - state.pending) / length) * width), HIGH);
    for (const one of shown.windows) bar(painter, one, width);
    const selected = shown.windows[state.selected];
    if (selected) {
      painter.strokeStyle = review.colour("accent");
      painter.lineWidth = 2;
      painter.strokeRect((selected.start_s / length) * width, 1, Math.max(3, ((selected.end_s - selected.start_s) / length) * width), HIGH - 2);
    }
    painter.fillStyle = review.colour("ink");
    painter.fillRect(Math.min(width - 2, (state.at / length) * width), 0, 2, HIGH);
  });

  const seek = (event) => {
    const box = element.getBoundingClientRect();
    hooks.seek(Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * length);
  };
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    seek(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) seek(event);
  });
  new ResizeObserver(paint).observe(element);
  review.onColours(paint);

  const move = (seconds) => {
    state.at = seconds;
    const whole = String(Math.round(seconds));
    if (element.getAttribute("aria-valuenow") !== whole) {
      element.setAttribute("aria-valuenow", whole);
      element.setAttribute("aria-valuetext", `${review.clock(seconds, 0)} of ${review.clock(length, 0)}`);
    }
    paint();
  };
  const look = (changes) => {
    Object.assign(state, changes);
    paint();
  };
  return { element, move, look };
};
