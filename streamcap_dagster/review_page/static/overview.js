"use strict";

// The corpus: what was made, what is wrong with it and what it cost, and every video with every window in one picture.
review.overview = (root, source) => {
  const progress = review.element("p", { class: "progress", role: "status" });
  const figures = review.element("div", { class: "figures" });
  const notes = review.element("div", { class: "notes" });
  const cell = review.element("p", { class: "heat-cell", "aria-hidden": "true" });
  const found = review.element("p", { class: "faint", role: "status" });
  const heat = review.heatMap(source, {
    cell: (words) => { cell.textContent = words || " "; },
    count: (number) => { found.textContent = review.count(number, "video"); },
    trouble: (trouble) => { notes.replaceChildren(review.element("p", { class: "notice bad", role: "alert" }, trouble.message)); },
  });

  const measures = review.element("fieldset", { class: "segments" }, review.element("legend", { class: "unseen" }, "What the cells show"));
  const legend = review.element("div", { class: "legend" });
  const choose = (name) => {
    heat.look({ measure: name });
    paintLegend(name);
  };
  for (const [name, measure] of Object.entries(review.MEASURES)) {
    const radio = review.element("input", { type: "radio", name: "measure", value: name, checked: name === "flags", onchange: () => choose(name) });
    measures.append(review.element("label", { title: measure.about }, radio, review.element("span", null, measure.label)));
  }

  const exportDecisions = async () => {
    try {
      const made = await source.decisions();
      const address = URL.createObjectURL(new Blob([made.csv], { type: "text/csv;charset=utf-8" }));
      review.element("a", { href: address, download: "decisions.csv" }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60000);
      if (made.troubles.length) notes.append(review.element("p", { class: "notice bad", role: "alert" }, `Not among them: ${made.troubles.join(" ")}`));
    } catch (trouble) {
      notes.append(review.element("p", { class: "notice bad", role: "alert" }, trouble.message));
    }
  };

  const swatch = (colour, words) => {
    const mark = review.element("i", { class: "swatch" });
    mark.style.setProperty("background", colour);
    return review.element("span", null, mark, words);
  };
  const paintLegend = (name) => {
    const measure = review.MEASURES[name];
    const colour = review.palette(name);
    if (name === "outcomes") legend.replaceChildren(swatch(colour("o"), "captioned"), swatch(colour("n"), "silent"), swatch(colour("b"), "failed"));
    else if (name === "decided") legend.replaceChildren(...Object.entries(review.DECIDED_LETTERS).map(([letter, words]) => swatch(colour(letter), words)));
    else {
      const steps = name === "flags" ? ["0", "1", "2", "3"] : ["0", "L", "g", "/"];
      legend.replaceChildren(review.element("span", null, measure.ends[0]), ...steps.map((step) => swatch(colour(step), "")), review.element("span", null, measure.ends[1]), swatch(colour("-"), "not measured, or silent"));
    }
    legend.prepend(review.element("span", { class: "faint" }, `${measure.about}:`));
  };
  review.onColours(() => paintLegend(measures.querySelector(":checked").value));

  const orders = [["name", "by name"], ["flags", "most flags first"], ["novelty", "least new first"], ["cost", "dearest first"]];
  const order = review.element(
    "select",
    { "aria-label": "Order of videos", onchange: (event) => heat.look({ order: event.target.value }) },
    ...orders.map(([value, words]) => review.element("option", { value }, words)),
  );
  let typing = 0;
  const search = review.element("input", {
    type: "search",
    placeholder: "Find a video",
    "aria-label": "Find a video",
    oninput: (event) => {
      clearTimeout(typing);
      typing = setTimeout(() => heat.look({ search: event.target.value.trim() }), 150);
    },
  });
  const again = source.countAgain && review.element("button", { type: "button", onclick: () => refresh(source.countAgain).then(() => heat.look({ again: true })) }, "Look again");

  root.replaceChildren(
    review.element("header", { class: "top" }, review.element("h1", null, "Captions under review"), progress, again, source.canDecide && review.element("button", { type: "button", onclick: () => exportDecisions() }, "Decisions as CSV")),
    notes,
    figures,
    review.element(
      "section",
      { class: "map-section", "aria-label": "Videos by windows" },
      review.element("div", { class: "toolbar" }, review.element("h2", null, "Every window"), measures, order, search, found),
      review.element("div", { class: "toolbar small" }, legend, cell),
      heat.element,
    ),
  );

  const show = (told) => {
    const counts = (prefix) => Object.entries(told.counts).filter(([name]) => name.startsWith(`${prefix} `)).map(([name, number]) => [name.slice(prefix.length + 1), number]);
    const number = (name) => told.counts[name] || 0;
    const bins = (measure) => Array.from({ length: told.bins }, (_, at) => number(`${measure} ${at}`));
    const hours = number("milliseconds") / 3600000;
    const silent = number("outcome n");
    const decided = counts("decided").reduce((sum, [, some]) => sum + some, 0);
    progress.textContent = told.is_done
      ? `${told.storage}`
      : `${told.storage}: ${told.counted.toLocaleString("en")} of ${review.count(told.videos, "video")} counted so far`;
    const tile = (value, words, beside) => review.element("div", { class: "tile" }, review.element("strong", null, value), review.element("span", null, words), beside && review.element("small", null, beside));
    const outcomes = counts("outcome").map(([letter, some]) => [review.OUTCOMES[review.OUTCOME_LETTERS[letter]], some]).sort((one, other) => other[1] - one[1]);
    const flags = counts("flag").map(([name, some]) => [review.flagName(name), some, `captions that ${told.meanings[name] || ""}`]).sort((one, other) => other[1] - one[1]);
    figures.replaceChildren(
      review.element(
        "div",
        { class: "tiles" },
        tile(told.videos.toLocaleString("en"), told.videos === 1 ? "video" : "videos", told.unusable ? `${review.count(told.unusable, "file")} not usable` : review.length(number("milliseconds") / 1000)),
        tile(number("windows").toLocaleString("en"), "windows", `${review.percent(silent, number("windows"))} silent`),
        tile(number("flagged_windows").toLocaleString("en"), "flagged", `in ${review.count(number("flagged_videos"), "video")}`),
        tile(decided.toLocaleString("en"), "decided by people", `${review.percent(decided, number("windows"))} of windows`),
        tile(review.money(told.total_usd), "spent", told.total_usd && hours ? `${review.money(told.total_usd / hours)} an hour of video` : "nothing was paid for"),
      ),
      review.element(
        "div",
        { class: "panels" },
        review.shares("Outcomes", outcomes, number("windows"), number("windows"), (name) => (name === "captioned" ? "good" : name === "silent" ? "quiet" : "bad")),
        review.shares("Flags", flags, number("windows"), flags[0]?.[1] || 1, () => "warn"),
        review.distribution("Novelty", "of captions", bins("novelty"), ["nothing new", "all new"]),
        review.distribution("Redundancy", "of captions", bins("redundancy"), ["none", "all"]),
        review.distribution("Speed", "words a second", bins("words_per_s"), ["0", `${told.most_words_per_s} or more`]),
      ),
    );
    const missing = counts("not_made").filter(([part]) => part !== "preference_examples");
    const sentences = missing.map(([part, some]) => `Not made yet for ${review.count(some, "video")}: ${part.replaceAll("_", " ")}`);
    if (number("unreadable")) sentences.push(`${review.count(number("unreadable"), "video")} cannot be read in parts`);
    if (told.trouble) sentences.push(`Not everything could be counted: ${told.trouble.replace(/\.$/, "")}`);
    if (!told.videos) sentences.push(`${told.storage} has no videos yet: \`streamcap run\` takes them in`);
    if (missing.length) sentences.push("`streamcap run` makes what is missing");
    const left = source.left?.();
    if (left) sentences.push(`${review.count(left, "other video")} ${left === 1 ? "is" : "are"} not in this report`);
    notes.replaceChildren(...(sentences.length ? [review.element("p", { class: "notice" }, review.sentence(`${sentences.join(". ")}.`))] : []));
  };

  const refresh = async (ask) => {
    const began = performance.now();
    try {
      const told = await ask();
      show(told);
      if (!told.is_done) setTimeout(() => refresh(source.figures), Math.max(800, 10 * (performance.now() - began)));
      else heat.look({ again: true });
    } catch (trouble) {
      notes.replaceChildren(review.element("p", { class: "notice bad", role: "alert" }, trouble.message));
    }
  };

  paintLegend("flags");
  refresh(source.figures);
  heat.look({ search: "" });
};
