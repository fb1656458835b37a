"use strict";

// What every part of the page uses. Words of videos, models and people become text nodes, never markup.
const review = {};

review.element = (tag, attributes, ...children) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return made;
};

review.button = (label, key, act, attributes) =>
  review.element(
    "button",
    { type: "button", onclick: act, "aria-keyshortcuts": key || undefined, ...attributes },
    label,
    key ? review.element("kbd", { "aria-hidden": "true" }, key) : null,
  );

// An error that a person can read.
review.Trouble = class extends Error {
  constructor(message, status, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
};

review.OUTCOMES = {
  ok: "captioned",
  no_change: "silent",
  blocked: "blocked",
  recitation: "recitation",
  truncated: "cut off",
  invalid: "unusable",
  empty: "empty",
};

review.clock = (seconds, digits = 1) => {
  const rounded = Number(Math.max(0, seconds).toFixed(digits));
  const hours = Math.floor(rounded / 3600);
  const minutes = Math.floor((rounded % 3600) / 60);
  const rest = (rounded % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
};

review.count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

review.percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(part && part / whole < 0.1 ? 1 : 0)} %` : "–");

review.money = (usd) => {
  if (!usd) return "$0";
  if (usd < 0.01) return `$${usd.toFixed(6).replace(/0+$/, "")}`;
  return `$${usd.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: usd < 10 ? 4 : 2 })}`;
};

review.length = (seconds) => {
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 5400 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
};

// A sentence for people, in which commands stand between backticks.
review.sentence = (words) => words.split("`").map((part, at) => (at % 2 ? review.element("code", null, part) : part));

// A flag such as `words_per_s_error` without what tells how bad it is, as words.
review.flagName = (flag) => flag.replace(/_error$/, "").replace("words_per_s", "too fast").replaceAll("_", " ");

// The colours of the style sheet as they are now, for what is painted.
review.colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

review.onColours = (paint) => window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);

// A canvas as fine as the screen; returns what to paint with, in CSS pixels.
review.canvas = (canvas, width, height) => {
  const fine = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * fine));
  canvas.height = Math.max(1, Math.round(height * fine));
  canvas.style.setProperty("width", `${width}px`);
  canvas.style.setProperty("height", `${height}px`);
  const painter = canvas.getContext("2d");
  painter.setTransform(fine, 0, 0, fine, 0, 0);
  painter.clearRect(0, 0, width, height);
  return painter;
};

// One sentence for those who do not see the page; the newest replaces the one before.
review.announcer = () => {
  const region = review.element("p", { class: "unseen", role: "status", "aria-live": "polite" });
  return { region, say: (words) => { region.textContent = words; } };
};

// Calls `act` once after a burst of calls, when the next picture is painted.
review.soon = (act) => {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      act();
    });
  };
};
