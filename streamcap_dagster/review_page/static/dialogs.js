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
