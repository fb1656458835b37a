"use strict";

// The keyboard. A key does what it says wherever the focus is, but for fields in which one types and for what a focused control does itself.
review.keyboard = (keys) => {
  const STORED = "streamcap-single-keys";
  const settings = {
    single: () => {
      try {
        return localStorage.getItem(STORED) !== "off";
      } catch {
        return true; // where nothing may be stored, as in a file that was sent
      }
    },
    setSingle: (on) => {
      try {
        localStorage.setItem(STORED, on ? "on" : "off");
      } catch {
        // it holds until the page is left
      }
    },
  };
  const typing = (target) => target.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
  const own = (target, key) => (key === " " || key === "Enter") && target.closest("button, a, summary, input");
  const help = () => review.showKeys(keys.filter((key) => !key.hidden), settings);
  const left = new AbortController();
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
      if (!(event.target instanceof Element) || typing(event.target) || own(event.target, event.key)) return;
      if (event.key === "?") {
        event.preventDefault();
        help();
        return;
      }
      const letter = event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase(); // whatever the caps lock says
      const pressed = event.key.length === 1 ? letter : event.key;
      const key = keys.find((one) => one.keys.includes(pressed) && Boolean(one.shift) === (event.shiftKey && event.key.length > 1));
      if (!key || (!settings.single() && /^[a-z]$/i.test(pressed))) return;
      event.preventDefault();
      event.stopPropagation();
      key.act(event);
    },
    { capture: true, signal: left.signal },
  );
  return { help, close: () => left.abort() };
};
