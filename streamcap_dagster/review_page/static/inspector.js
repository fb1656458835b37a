"use strict";

// The selected window: its frames, what was said and measured of it, and what one can decide.
review.inspector = (source, shown, decisions, hooks) => {
  const element = review.element("section", { class: "inspector", "aria-label": "The selected window", hidden: !shown.windows.length });
  const state = { at: -1, editing: false, draft: "" };

  const meter = (name, value, told, flagged) => {
    const bar = review.element("span", { class: `meter-bar ${flagged}` });
    bar.style.setProperty("width", `${Math.max(0, Math.min(1, value)) * 100}%`);
    return [review.element("dt", null, name), review.element("dd", null, review.element("span", { class: "meter", "aria-hidden": "true" }, bar), review.element("span", { class: "meter-told" }, told))];
  };

  const measured = (one) => {
    const quality = one.quality;
    if (!quality) return review.element("p", { class: "faint" }, "Not measured yet.");
    if (!quality.words) return null;
    const how = (name) => (quality.flags.includes(`${name}_error`) ? "bad" : quality.flags.includes(name) ? "warn" : "");
    const found = [
      ["almost a copy of", quality.repeats === null ? "" : `window ${quality.repeats + 1} of its clip`],
      ["speaks of the video", quality.meta_talk.join(", ")],
      ["refuses", quality.refusal],
      ["tells times", quality.times.join(", ")],
      ["renamed", quality.renamed.join(", ")],
      ["language", quality.flags.includes("language") ? quality.language : ""],
    ].filter(([, words]) => words);
    return review.element(
      "dl",
      { class: "measures" },
      ...meter("Novelty", quality.novelty, quality.novelty.toFixed(2), how("novelty")),
      ...meter("Redundancy", quality.redundancy, quality.redundancy.toFixed(2), how("redundancy")),
      ...meter("Repetition", quality.repetition, quality.repetition.toFixed(2), how("repetition")),
      ...meter("Speed", quality.words_per_s / 8, `${quality.words_per_s.toFixed(1)} words/s`, how("words_per_s")),
      ...found.flatMap(([name, words]) => [review.element("dt", { class: "flagged" }, name), review.element("dd", { dir: "auto" }, words)]),
    );
  };

  const drift = (one) => {
    const found = one.kind === "anchor" && shown.drifts.find((other) => other.clip === one.clip && other.window === one.window);
    if (!found) return null;
    const words = [["not said before", found.unsaid], ["said, and not seen here", found.lost]].filter(([, some]) => some.length);
    return review.element(
      "dl",
      { class: "measures" },
      ...meter("Drift", found.drift, found.drift.toFixed(2), ""),
      ...words.flatMap(([name, some]) => [review.element("dt", null, name), review.element("dd", { dir: "auto" }, some.slice(0, 12).join(", "))]),
    );
  };

  const frames = (one) => {
    const every = source.stills === "all" ? one.frames_s.map((_, k) => k) : one.frames_s.length ? [Math.floor(one.frames_s.length / 2)] : [];
    const pictures = every.map((k) => ({ k, address: source.still(shown, one, k) })).filter(({ address }) => address);
    const gone = (event) => event.target.closest(".frames").replaceWith(review.element("p", { class: "faint" }, "The pictures cannot be shown. Load the page again, for the frames may have been made anew."));
    return review.element("div", { class: "frames" }, ...pictures.map(({ k, address }) => review.element("img", { src: address, decoding: "async", onerror: gone, alt: `Frame ${k + 1} of ${one.frames_s.length}, at ${review.clock(one.frames_s[k], 2)}` })));
  };

  const editor = (one) => {
    const field = review.element("textarea", { rows: 5, dir: "auto", "aria-label": "What is to be said instead", maxlength: 20000, spellcheck: "true", oninput: (event) => { state.draft = event.target.value; } });
    field.value = state.draft;
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hooks.edit(false);
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) hooks.saveText(state.draft);
      event.stopPropagation();
    });
    return review.element(
      "div",
      { class: "editor" },
      field,
      review.element("p", { class: "faint" }, "An empty text means silence. Ctrl+Enter saves, Escape leaves it as it was."),
      review.element("div", { class: "actions" }, review.element("button", { type: "button", class: "primary", onclick: () => hooks.saveText(state.draft) }, "Save text"), review.element("button", { type: "button", onclick: () => hooks.saveText("") }, "Silence"), review.element("button", { type: "button", onclick: () => hooks.edit(false) }, "Cancel")),
    );
  };

  const words = (one) => {
    const text = decisions.text(one);
    const edited = decisions.isEdited(one);
    const failed = !["ok", "no_change"].includes(one.outcome);
    return [
      text ? review.element("p", { class: "caption", dir: "auto", tabindex: 0 }, text) : review.element("p", { class: `caption ${failed && !edited ? "failed" : "silent"}` }, failed && !edited ? `No caption: ${review.OUTCOMES[one.outcome]}${one.reason ? ` (${one.reason})` : ""}.` : `Silent${one.gated && !edited ? ": nothing moved, so nobody was asked" : ""}.`),
      edited && review.element("details", { class: "original" }, review.element("summary", null, "What the model said"), review.element("p", { dir: "auto" }, one.text || "Nothing.")),
    ];
  };

  const decided = (one) => {
    const found = decisions.of(one);
    if (!found) return null;
    const who = found.by ? `${found.by}, ${new Date(found.at).toLocaleString()}` : "not saved yet";
    if (!decisions.applies(one)) return review.element("p", { class: "notice" }, `Something was decided on an earlier caption of this ${one.window === null ? "clip" : "window"} (${who}); it does not count for this one.`);
    const rank = found.ranking ? `; best of ${found.ranking.length}: ${found.ranking[0].slice(0, 80)}` : "";
    return review.element("p", { class: "decided" }, review.element("b", { class: `badge ${decisions.ownManner(one)}` }, decisions.ownManner(one)), ` ${who}${rank}`);
  };

  const wholeClip = (one) => {
    const clip = decisions.clip(one.clip);
    const told = decided(clip);
    if (!source.canDecide && !told) return null;
    const press = (label, shownKey, verdict) =>
      review.element("button", { type: "button", onclick: () => hooks.clipVerdict(verdict), "aria-keyshortcuts": `Shift+${shownKey}`, "aria-pressed": String(decisions.verdict(clip) === verdict), disabled: decisions.isClosed() }, label, review.element("kbd", { "aria-hidden": "true" }, `⇧${shownKey}`));
    const windows = shown.windows.filter((other) => other.clip === one.clip);
    return review.element(
      "section",
      { class: "whole-clip", "aria-label": `The whole of clip ${one.clip + 1}` },
      review.element("h3", null, `All of clip ${one.clip + 1}: ${review.count(windows.length, "window")}, ${review.clock(windows[0].start_s)} – ${review.clock(windows.at(-1).end_s)}`),
      source.canDecide && review.element("div", { class: "actions", role: "group", "aria-label": "Decide on the whole clip" }, press("Keep clip", "K", "keep"), press("Drop clip", "D", "drop")),
      told,
    );
  };

  const actions = (one) => {
    if (!source.canDecide) return null;
    const verdict = decisions.verdict(one);
    const closed = decisions.isClosed();
    return review.element(
      "div",
      { class: "actions", role: "group", "aria-label": "Decide" },
      review.button("Keep", "k", () => hooks.verdict("keep"), { "aria-pressed": String(verdict === "keep"), disabled: closed }),
      review.button("Drop", "d", () => hooks.verdict("drop"), { "aria-pressed": String(verdict === "drop"), disabled: closed }),
      review.button("Edit", "e", () => hooks.edit(true), { disabled: closed }),
      review.button("Rank", "r", () => hooks.rank(), { disabled: closed || one.kind !== "delta" || shown.not_made.includes("preference_examples") }),
      review.button("Undo", "u", () => hooks.undo(), { disabled: closed || !decisions.applies(one) }),
    );
  };

  const draw = () => {
    const one = shown.windows[state.at];
    const scrolled = element.scrollTop;
    const held = element.contains(document.activeElement) && document.activeElement.textContent;
    if (!one) {
      element.replaceChildren(review.element("p", { class: "faint" }, "No window is selected."));
      return;
    }
    element.replaceChildren(
      ...[
        review.element(
          "header",
          null,
          review.element("h2", null, `${review.clock(one.start_s)} – ${review.clock(one.end_s)}`),
          review.element("p", { class: "faint" }, `window ${one.window + 1} of clip ${one.clip + 1} · ${one.kind} · ${review.OUTCOMES[one.outcome]}${one.cost_usd ? ` · ${review.money(one.cost_usd)}` : ""}`),
        ),
        frames(one),
        state.editing ? editor(one) : words(one),
        state.editing ? null : actions(one),
        decided(one),
        state.editing ? null : wholeClip(one),
        one.quality && one.quality.flags.length > 0 && review.element("ul", { class: "flag-list" }, ...one.quality.flags.filter((flag) => !flag.endsWith("_error")).map((flag) => review.element("li", { class: one.quality.flags.includes(`${flag}_error`) ? "bad" : "" }, review.flagName(flag)))),
        measured(one),
        drift(one),
        review.element("p", { class: "faint origin" }, [one.captioner, one.model].filter(Boolean).join(" · ")),
      ]
        .flat()
        .filter(Boolean),
    );
    element.scrollTop = scrolled;
    if (held && !state.editing) [...element.querySelectorAll("button")].find((button) => button.textContent === held)?.focus({ preventScroll: true });
  };

  const show = (at) => {
    if (at !== state.at) state.editing = false;
    if (at !== state.at) element.scrollTop = 0;
    state.at = at;
    draw();
  };
  const edit = (on) => {
    const one = shown.windows[state.at];
    if (!one) return;
    state.editing = on;
    state.draft = decisions.text(one);
    draw();
    if (on) element.querySelector("textarea").focus();
  };
  return { element, show, edit, draw: () => (state.editing ? undefined : draw()), isEditing: () => state.editing };
};
