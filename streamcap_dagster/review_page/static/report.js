"use strict";

// What is done when a report is opened: the part of the address behind # names the video, and without one all are shown.
(() => {
  const root = document.getElementById("view");
  const source = review.embedded();
  let open = null;
  const show = async () => {
    const [videoId, at] = location.hash.slice(1).split("/");
    open?.close();
    open = null;
    root.className = videoId ? "video" : "overview";
    if (!videoId) {
      review.overview(root, source);
      return;
    }
    try {
      open = review.video(root, source, await source.video(decodeURIComponent(videoId)), { at: Number(at) || 0, back: "#" });
    } catch (trouble) {
      root.replaceChildren(review.element("p", { class: "notice bad", role: "alert" }, trouble.message), review.element("a", { href: "#" }, "All videos"));
    }
  };
  window.addEventListener("hashchange", show);
  show();
})();
