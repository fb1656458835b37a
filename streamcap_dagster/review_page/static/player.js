"use strict";

// The video with its captions over it. Where a browser cannot play it, or it was not sent along, its frames are shown one after another instead.
review.player = (source, shown, hooks) => {
  const state = { flip: false, playing: false, at: 0, last: 0, rate: 1, captions: true, picture: "" };
  const film = source.film(shown);
  const video = review.element("video", { playsinline: true, preload: "metadata", "aria-label": `The video ${shown.video_id}`, tabindex: -1 });
  const still = review.element("img", { class: "still", alt: "", hidden: true });
  const words = review.element("p", { class: "overlay-words", dir: "auto" });
  const overlay = review.element("div", { class: "overlay" }, words);
  const note = review.element("p", { class: "stage-note", role: "status", hidden: true });
  const stage = review.element("div", { class: "stage", onclick: () => toggle() }, video, still, overlay, note);
  const length = shown.duration_s || Math.max(0, ...shown.windows.map((one) => one.end_s));

  const play = review.element("button", { type: "button", class: "play", onclick: () => toggle() }, "Play");
  const clock = review.element("span", { class: "clock" });
  const speed = review.element(
    "select",
    { "aria-label": "Speed", onchange: (event) => setRate(Number(event.target.value)) },
    ...[0.25, 0.5, 1, 1.5, 2, 4].map((rate) => review.element("option", { value: rate, selected: rate === 1 }, `${rate}×`)),
  );
  const captions = review.element("button", { type: "button", "aria-pressed": "true", onclick: () => toggleCaptions() }, "Captions", review.element("kbd", { "aria-hidden": "true" }, "c"));
  const sound = review.element("button", { type: "button", "aria-pressed": "false", onclick: () => toggleSound() }, "Sound");
  const whole = review.element("button", { type: "button", onclick: () => stage.requestFullscreen?.() }, "Full screen");
  const element = review.element("section", { class: "player", "aria-label": "Video" }, stage, review.element("div", { class: "controls" }, play, clock, review.element("span", { class: "gap" }), speed, captions, sound, whole));

  const time = () => (state.flip ? state.at : video.currentTime);
  const isPlaying = () => (state.flip ? state.playing : !video.paused && !video.ended);

  const tell = () => {
    const text = `${review.clock(time())} / ${review.clock(length)}`;
    if (clock.textContent !== text) clock.textContent = text;
    play.textContent = isPlaying() ? "Pause" : "Play";
    if (state.flip) flip();
    hooks.time(time());
  };

  // Looks once a picture while it plays, so that captions change with the picture.
  const follow = (now) => {
    if (state.flip && state.playing) {
      state.at = Math.min(length, state.at + ((now - state.last) / 1000) * state.rate);
      if (state.at >= length) state.playing = false;
    }
    state.last = now;
    tell();
    if (isPlaying()) requestAnimationFrame(follow);
  };

  const flip = () => {
    const one = hooks.windowAt(state.at);
    const k = one ? Math.min(one.frames_s.length - 1, Math.floor(((state.at - one.start_s) / (one.end_s - one.start_s)) * one.frames_s.length)) : -1;
    const picture = one && k >= 0 ? source.still(shown, one, k, "whole") : "";
    if (picture === state.picture) return;
    state.picture = picture;
    if (picture) still.src = picture;
    still.hidden = !picture;
  };

  // `why` is a sentence for people.
  const useStills = (why) => {
    if (state.flip) return;
    state.at = video.currentTime || 0;
    state.flip = true;
    video.hidden = true;
    sound.hidden = true;
    note.textContent = why;
    note.hidden = !why;
    tell();
  };

  const start = () => {
    if (!state.flip) {
      video.play().catch(() => {}); // an error of the file is told by its own event
      return;
    }
    if (state.at >= length) state.at = 0;
    state.playing = true;
    state.last = performance.now();
    requestAnimationFrame(follow);
  };
  const pause = () => {
    state.playing = false;
    video.pause();
    tell();
  };
  const toggle = () => (isPlaying() ? pause() : start());
  const seek = (seconds) => {
    const to = Math.max(0, Math.min(length, seconds));
    if (state.flip) state.at = to;
    else video.currentTime = to;
    tell();
  };
  const setRate = (rate) => {
    state.rate = rate;
    video.playbackRate = rate;
  };
  const toggleCaptions = () => {
    state.captions = !state.captions;
    captions.setAttribute("aria-pressed", String(state.captions));
    overlay.hidden = !state.captions;
  };
  const toggleSound = () => {
    video.muted = !video.muted;
    sound.setAttribute("aria-pressed", String(!video.muted));
  };

  video.muted = true;
  for (const event of ["seeked", "timeupdate", "pause", "ended", "loadedmetadata"]) video.addEventListener(event, tell);
  video.addEventListener("play", () => requestAnimationFrame(follow));
  video.addEventListener("error", async () => {
    useStills("The video cannot be played here, so its frames are shown.");
    const why = await source.whyNoFilm?.(shown);
    if (why) note.textContent = why;
  });
  if (film) video.src = film;
  else queueMicrotask(() => useStills("")); // once whoever listens is ready
  clock.textContent = `${review.clock(0)} / ${review.clock(length)}`;

  // What is said at the moment, and how that is to look: "", "silent" or "dropped".
  const say = (text, manner) => {
    if (words.textContent === text && overlay.dataset.manner === manner) return;
    words.textContent = text;
    overlay.dataset.manner = manner;
    words.scrollTop = 0;
  };
  return { element, time, isPlaying, toggle, pause, seek, say, toggleCaptions, useStills };
};
