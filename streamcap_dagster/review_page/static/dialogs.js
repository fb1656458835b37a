"use strict";

// Windows over the page: the keys, and whatever a person has to decide before going on. The browser keeps the focus in them.
review.dialog = (title, body, actions) =>
  new Promise((resolve) => {
    const name = `dialog-${Math.random().toString(36).slice(2)}`;
    const dialog = review.element("dialog", { "aria-labelledby": name }, review.element("h2", { id: name }, title), ...body);
    const before = document.activeElement;
    const end = (value) => {
      dialog.close();
      dialog.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
      resolve(value);
    };
    const buttons = actions.map((action, place) =>
      review.element("button", { type: "button", class: place === 0 ? "primary" : "", onclick: () => end(action.value === undefined ? action.get() : action.value) }, action.label),
    );
    dialog.append(review.element("div", { class: "dialog-actions" }, ...buttons));
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      end(null);
    });
    dialog.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) buttons[0].click();
    });
    document.body.append(dialog);
    dialog.showModal();
    (dialog.querySelector("[autofocus]") || buttons[0]).focus();
  });

review.showKeys = (keys, settings) => {
  const rows = keys.map((key) =>
    review.element("tr", null, review.element("th", { scope: "row" }, ...key.shown.map((name) => review.element("kbd", null, name))), review.element("td", null, key.about)),
  );
  const single = review.element("input", { type: "checkbox", checked: settings.single(), onchange: (event) => settings.setSingle(event.target.checked) });
  return review.dialog(
    "Keys",
    [
      review.element("table", { class: "keys" }, review.element("tbody", null, ...rows)),
      review.element("label", { class: "check" }, single, "Single letters do something. Turn this off for speech input."),
    ],
    [{ label: "Close", value: null }],
  );
};

// A list that a person brings into an order: by buttons, or with the arrow keys while Alt is held.
review.orderedList = (texts, label) => {
  const order = [...texts];
  const list = review.element("ol", { class: "ranking", "aria-label": label });
  const status = review.announcer();
  const move = (from, to) => {
    if (to < 0 || to >= order.length) return;
    order.splice(to, 0, ...order.splice(from, 1));
    draw();
    list.children[to].querySelector(to < from ? ".up" : ".down").focus();
    status.say(`Now number ${to + 1} of ${order.length}.`);
  };
  const draw = () => {
    list.replaceChildren(
      ...order.map((text, place) => {
        const name = `number ${place + 1}: ${text.slice(0, 60)}`;
        const row = review.element(
          "li",
          null,
          review.element("p", { dir: "auto" }, text),
          review.element("button", { type: "button", class: "up", "aria-label": `Better, ${name}`, "aria-disabled": place === 0, onclick: () => move(place, place - 1) }, "↑"),
          review.element("button", { type: "button", class: "down", "aria-label": `Worse, ${name}`, "aria-disabled": place === order.length - 1, onclick: () => move(place, place + 1) }, "↓"),
        );
        row.addEventListener("keydown", (event) => {
          if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
          event.preventDefault();
          move(place, place + (event.key === "ArrowUp" ? -1 : 1));
        });
        return row;
      }),
    );
  };
  draw();
  return { list, status: status.region, order: () => [...order] };
};

// What a choice says, in words.
review.toldChoice = (choice) => {
  if (choice.start_s !== undefined) return choice.keep === null ? "the mark taken back" : `${review.clock(choice.start_s)} to ${review.clock(choice.end_s)} marked`;
  const parts = [];
  if (choice.verdict) parts.push(choice.verdict);
  if (choice.text !== null) parts.push(choice.text ? `“${choice.text}”` : "silence");
  if (choice.ranking) parts.push(`ranked first: “${choice.ranking[0]}”`);
  return parts.join(", ") || "nothing";
};

// Whether a person who has seen what somebody else decided meanwhile wants their own.
review.askConflict = async (clash) => {
  const side = (title, choice) => review.element("section", { class: "side" }, review.element("h3", null, title), review.element("p", { dir: "auto" }, review.toldChoice(choice)));
  const ofCaptions = clash.yours.window === null ? `the whole of clip ${clash.yours.clip + 1}` : `window ${clash.yours.window + 1} of clip ${clash.yours.clip + 1}`;
  const where = clash.yours.start_s === undefined ? ofCaptions : "this span";
  const chosen = await review.dialog(
    "Somebody decided otherwise meanwhile",
    [
      review.element("p", null, `Since this page was loaded, ${clash.theirs.by} has decided on ${where} too. Which one is to stay?`),
      review.element("div", { class: "sides" }, side("Theirs", clash.theirs), side("Yours", clash.yours)),
    ],
    [
      { label: "Keep theirs", value: "theirs" },
      { label: "Use mine", value: "mine" },
    ],
  );
  return chosen === "mine";
};

// The candidates of a window in the order that a person gives them, or null; `known` is an earlier order.
review.askOrder = (found, known) => {
  const texts = known.length === found.texts.length && known.every((text) => found.texts.includes(text)) ? known : found.texts;
  const ordered = review.orderedList(texts, "Candidates, the best first");
  const said = found.history.map((text) => review.element("p", { dir: "auto" }, text));
  return review.dialog(
    "Which says best what is new here?",
    [
      review.element("p", { class: "faint" }, "The best first. Who or what wrote which is not told. Alt with ↑ or ↓ moves the candidate in focus."),
      ...(said.length ? [review.element("details", null, review.element("summary", null, "Said before"), ...said)] : []),
      ordered.list,
      ordered.status,
    ],
    [
      { label: "Save order", get: ordered.order },
      { label: "Cancel", value: null },
    ],
  );
};
