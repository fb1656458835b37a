"use strict";

// Where the page gets everything from: the server that it came from.
review.remote = () => {
  const ask = async (path, options) => {
    let answer;
    try {
      answer = await fetch(path, { ...options, cache: "no-store" });
    } catch {
      throw new review.Trouble("The server does not answer. Is `streamcap review` still running?", 0);
    }
    const body = (answer.headers.get("content-type") || "").startsWith("application/json") ? await answer.json() : { error: (await answer.text()).trim() };
    if (!answer.ok) throw new review.Trouble(body.error || `The server answered with status ${answer.status}.`, answer.status, body);
    return body;
  };
  const send = (path, method, body) => ask(path, { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const named = (videoId) => encodeURIComponent(videoId);
  return {
    canDecide: true,
    videos: (wanted) => ask(`/api/videos?${new URLSearchParams(wanted)}`),
    figures: () => ask("/api/figures"),
    decisions: () => ask("/api/decisions"),
    countAgain: () => send("/api/count-again", "POST", {}),
    video: (videoId) => ask(`/api/videos/${named(videoId)}`),
    candidates: (videoId, one) => ask(`/api/videos/${named(videoId)}/candidates/${one.clip}/${one.window}`),
    decide: (videoId, version, choices) => send(`/api/videos/${named(videoId)}/review`, "PUT", { version, choices }),
    still: (shown, one, k, size = "small") =>
      `/stills/${named(shown.video_id)}/${one.clip}/${one.window}/${k}?size=${size}&version=${encodeURIComponent(shown.frames_version)}`,
    film: (shown) => `/media/${named(shown.video_id)}`,
    whyNoFilm: (shown) => ask(`/media/${named(shown.video_id)}`, { headers: { range: "bytes=0-0" } }).then(() => "", (trouble) => trouble.message),
    link: (videoId, at) => `/videos/${named(videoId)}${at === undefined ? "" : `#${at}`}`,
    stills: "all",
  };
};
