"use strict";

// Numbers as pictures: what a letter of a summary means, in which colour it is painted, and small charts.
review.LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";
review.OUTCOME_LETTERS = { o: "ok", n: "no_change", b: "blocked", r: "recitation", t: "truncated", i: "invalid", e: "empty" };
review.DECIDED_LETTERS = { k: "kept", d: "dropped", e: "edited", r: "ranked" };

// `worst` says how much a window draws the eye where several share a pixel.
review.MEASURES = {
  flags: { label: "Flags", about: "thresholds that a caption passes", ends: ["none", "several"], worst: (letter) => (letter === "-" ? -1 : Number(letter)) },
  novelty: { label: "Novelty", about: "share of a caption that was not said before", ends: ["nothing new", "all new"], worst: (letter) => (letter === "-" ? -1 : 64 - review.LEVELS.indexOf(letter)) },
  redundancy: { label: "Redundancy", about: "how much of a caption was said before", ends: ["none", "all"], worst: (letter) => review.LEVELS.indexOf(letter) },
  words_per_s: { label: "Speed", about: "words a second, were it spoken", ends: ["0", "8 or more"], worst: (letter) => review.LEVELS.indexOf(letter) },
  outcomes: { label: "Outcome", about: "how captions ended", worst: (letter) => "no".indexOf(letter) === -1 ? 2 : "no".indexOf(letter) },
  decided: { label: "Decisions", about: "what people decided", worst: (letter) => "-rked".indexOf(letter) },
};

const hexOf = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

review.ramp = (from, to, steps = 64) => {
  const [low, high] = [hexOf(from), hexOf(to)];
  return Array.from({ length: steps }, (_, step) => {
    const share = step / (steps - 1);
    return `rgb(${low.map((part, at) => Math.round(part + (high[at] - part) * share)).join(" ")})`;
  });
};

// Returns the colour of a letter under a measure. Made anew when the colours of the page change.
review.palette = (measure) => {
  const [blank, quiet, good, warn, bad] = ["cell-blank", "cell-silent", "cell-good", "warn", "bad"].map(review.colour);
  if (measure === "outcomes") return (letter) => ({ o: good, n: quiet })[letter] || bad;
  if (measure === "decided") return (letter) => ({ k: good, d: bad, e: review.colour("edited"), r: review.colour("ranked") })[letter] || blank;
  if (measure === "flags") {
    const ramp = review.ramp(warn, bad, 4);
    return (letter) => (letter === "-" ? blank : letter === "0" ? quiet : ramp[Math.min(3, Number(letter) - 1)]);
  }
  const ramps = { novelty: [review.colour("cell-low"), good], redundancy: [review.colour("cell-low"), bad], words_per_s: [review.colour("cell-low"), review.colour("speed")] };
  const ramp = review.ramp(...ramps[measure]);
  return (letter) => (letter === "-" ? blank : ramp[review.LEVELS.indexOf(letter)]);
};

// What a letter says, in words.
review.told = (measure, letter) => {
  if (measure === "outcomes") return review.OUTCOMES[review.OUTCOME_LETTERS[letter]] || "";
  if (measure === "decided") return review.DECIDED_LETTERS[letter] || "nothing decided";
  if (letter === "-") return "not measured, or silent";
  if (measure === "flags") return review.count(Number(letter), "flag");
  const share = review.LEVELS.indexOf(letter) / 63;
  return measure === "words_per_s" ? `${(8 * share).toFixed(1)} words/s` : `${measure} ${share.toFixed(2)}`;
};

// A distribution: one bar for each bin, with its ends named below.
review.distribution = (title, about, bins, ends) => {
  const most = Math.max(1, ...bins);
  const total = bins.reduce((sum, bin) => sum + bin, 0);
  const bars = bins.map((bin) => {
    const bar = review.element("span", { class: "bar" });
    bar.style.setProperty("height", `${bin ? Math.max(2, (100 * bin) / most) : 0}%`);
    return bar;
  });
  const half = bins.findIndex((_, at) => bins.slice(0, at + 1).reduce((sum, bin) => sum + bin, 0) * 2 >= total);
  const middle = total ? `half of ${review.count(total, "caption")} lie below ${(((half + 1) * 100) / bins.length).toFixed(0)} % of the scale` : "nothing measured yet";
  return review.element(
    "figure",
    { class: "distribution" },
    review.element("figcaption", null, review.element("strong", null, title), ` ${about}`),
    review.element("div", { class: "bars", role: "img", "aria-label": `${title}: ${middle}` }, ...bars),
    review.element("div", { class: "ends", "aria-hidden": "true" }, ...ends.map((end) => review.element("span", null, end))),
  );
};

// Shares of a whole, largest first: a bar beside each count, as long as the panel for what is `longest`.
review.shares = (title, entries, whole, longest, colourOf) =>
  review.element(
    "section",
    { class: "shares" },
    review.element("h3", null, title),
    entries.length
      ? review.element(
          "ul",
          null,
          ...entries.map(([name, number, about]) => {
            const bar = review.element("span", { class: `share-bar ${colourOf(name)}` });
            bar.style.setProperty("width", `${Math.max(0.6, (100 * number) / Math.max(1, longest))}%`);
            return review.element(
              "li",
              { title: about },
              review.element("span", { class: "share-name" }, name),
              review.element("span", { class: "share-line", "aria-hidden": "true" }, bar),
              review.element("span", { class: "share-count" }, number.toLocaleString("en")),
              review.element("span", { class: "share-percent" }, review.percent(number, whole)),
            );
          }),
        )
      : review.element("p", { class: "faint" }, "None."),
  );
