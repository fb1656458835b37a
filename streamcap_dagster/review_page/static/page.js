"use strict";

// What is done when a page of the server has come: the view that it names is filled.
(async () => {
  const root = document.getElementById("view");
  const source = review.remote();
  if (root.dataset.view === "overview") {
    review.overview(root, source);
    return;
  }
  root.replaceChildren(review.element("p", { class: "faint", role: "status" }, "Reading…"));
  try {
    const shown = await source.video(root.dataset.videoId);
    const at = /^#\d+$/.test(location.hash) ? Number(location.hash.slice(1)) : 0;
    review.video(root, source, shown, { before: root.dataset.before, after: root.dataset.after, at });
  } catch (trouble) {
    root.replaceChildren(
      review.element("header", { class: "top" }, review.element("a", { class: "button", href: "/" }, "All videos"), review.element("h1", null, root.dataset.videoId)),
      review.element("p", { class: "notice bad", role: "alert" }, trouble.message),
    );
  }
})();
