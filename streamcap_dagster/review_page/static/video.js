"use strict";

// One video: player, selected window, map and timeline held together, and the keys that work them.
review.video = (root, source, shown, { before = "", after = "", at = 0, back = "/" } = {}) => {
  const state = { selected: -1, flaggedOnly: false, places: [], seen: 0 };
  const voice = review.announcer();
  const saved = review.element("span", { class: "saved", role: "status" });
  const alerts = review.element("div", { class: "notes" });
  const byStart = shown.windows.map((one, place) => [one.start_s, place]).sort((one, other) => one[0] - other[0]);

  const isFlagged = (one) => Boolean(one.quality && one.quality.flags.length) || !["ok", "no_change"].includes(one.outcome);
  const flagged = shown.windows.filter(isFlagged).length;

  // The place of the window that is on at a time, or -1 between clips.
  const placeAt = (seconds) => {
    let [low, high] = [0, byStart.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (byStart[middle][0] <= seconds + 1e-6) low = middle + 1;
      else high = middle;
    }
    const place = low ? byStart[low - 1][1] : -1;
    return place !== -1 && seconds < shown.windows[place].end_s ? place : -1;
  };

  const decisions = review.decisions(source, shown, {
    changed: () => refresh(),
    saving: () => tellSaved("Saving…"),
    saved: () => tellSaved(`Saved ${new Date().toLocaleTimeString()}`),
    trouble: (trouble, retry) => {
      tellSaved("Not saved");
      const again = retry && review.element("button", { type: "button", onclick: () => { alerts.querySelector(".unsaved")?.remove(); retry[1](); } }, retry[0]);
      alerts.querySelector(".unsaved")?.remove();
      alerts.append(review.element("p", { class: "notice bad unsaved", role: "alert" }, review.sentence(`Not saved: ${trouble.message} `), again));
      refresh();
    },
    conflict: (clash) => askConflict(clash),
  });

  const tellSaved = (words) => {
    saved.textContent = words;
    if (words.startsWith("Saved")) alerts.querySelector(".unsaved")?.remove();
  };

  const askConflict = (clash) => {
    player.pause();
    return review.askConflict(clash);
  };

  const player = review.player(source, shown, { time: (seconds) => onTime(seconds), windowAt: (seconds) => shown.windows[placeAt(seconds)] });
  const map = review.map(shown, decisions, { seek: (seconds) => { player.seek(seconds); const place = placeAt(seconds); if (place !== -1) select(place, false); } });
  const timeline = review.timeline(source, shown, decisions, {
    select: (place) => select(place),
    play: (place) => { select(place); if (!player.isPlaying()) player.toggle(); },
  });
  const inspector = review.inspector(source, shown, decisions, {
    verdict: (verdict) => decideVerdict(verdict),
    clipVerdict: (verdict) => decideClip(verdict),
    edit: (on) => edit(on),
    saveText: (text) => saveText(text),
    rank: () => rank(),
    undo: () => undo(),
  });

  const selectedWindow = () => shown.windows[state.selected];

  const sayAt = (place) => {
    const one = shown.windows[place];
    if (!one) player.say("", "none");
    else player.say(decisions.text(one), decisions.manner(one) === "dropped" ? "dropped" : decisions.text(one) ? "" : "silent");
  };

  const onTime = (seconds) => {
    const place = placeAt(seconds);
    map.move(seconds);
    timeline.play(place);
    sayAt(place);
    if (player.isPlaying() && place !== -1 && place !== state.selected && !inspector.isEditing() && state.places.includes(place)) {
      select(place, false, true);
    }
  };

  // `quiet` while it plays: nobody wants every window read out then.
  const select = (place, seek = true, quiet = false) => {
    if (place < 0 || place >= shown.windows.length || inspector.isEditing()) return;
    state.selected = place;
    timeline.select(place);
    inspector.show(place);
    map.look({ selected: place });
    if (seek) player.seek(shown.windows[place].start_s + 1e-3);
    if (!quiet) voice.say(timeline.told(selectedWindow(), place));
    if (location.hash !== `#${place}` && !source.isReport) history.replaceState(null, "", `#${place}`);
  };

  const step = (by) => {
    if (!state.places.length) return;
    const here = state.places.indexOf(state.selected);
    const from = here === -1 ? state.places.findIndex((place) => place > state.selected) - (by > 0 ? 1 : 0) : here;
    select(state.places[Math.max(0, Math.min(state.places.length - 1, from + by))]);
  };
  const stepFlagged = (by) => {
    for (let place = state.selected + by; place >= 0 && place < shown.windows.length; place += by) {
      if (isFlagged(shown.windows[place])) {
        select(place);
        return;
      }
    }
    voice.say("No more flagged windows that way.");
  };

  const filter = (on) => {
    state.flaggedOnly = on;
    onlyFlagged.checked = on;
    state.places = shown.windows.map((_, place) => place).filter((place) => !on || isFlagged(shown.windows[place]));
    timeline.show(state.places, on ? "No window of this video is flagged." : "Nothing was captioned.");
    shownCount.textContent = on ? `${state.places.length} of ${review.count(shown.windows.length, "window")}` : review.count(shown.windows.length, "window");
    if (on && state.places.length && !state.places.includes(state.selected)) select(state.places.find((place) => place > state.selected) ?? state.places[0]);
    else timeline.select(state.selected);
  };

  const refresh = () => {
    inspector.draw();
    timeline.refreshAll();
    map.look({ marks: decisions.marks() });
    marks.draw();
    sayAt(placeAt(player.time()));
  };

  const allowed = () => source.canDecide && selectedWindow() && !decisions.isClosed();
  const decideVerdict = (verdict) => {
    if (!allowed()) return;
    decisions.decide(selectedWindow(), { verdict: decisions.verdict(selectedWindow()) === verdict ? null : verdict });
    voice.say(`${decisions.manner(selectedWindow()) || "nothing decided"}`);
  };
  const decideClip = (verdict) => {
    if (!allowed()) return;
    const clip = decisions.clip(selectedWindow().clip);
    const chosen = decisions.verdict(clip) === verdict ? null : verdict;
    decisions.decide(clip, { verdict: chosen });
    voice.say(`Clip ${clip.clip + 1}: ${decisions.ownManner(clip) || "nothing decided"}`);
  };
  const edit = (on) => {
    if (on && !allowed()) return;
    if (on) player.pause();
    if (on) state.seen = decisions.seen();
    inspector.edit(on);
    if (!on) timeline.list.focus({ preventScroll: true });
  };
  const saveText = (text) => {
    const one = selectedWindow();
    const plain = text.trim().replace(/\s+/g, " ");
    inspector.edit(false);
    decisions.decide(one, { text: plain === one.text && ["ok", "no_change"].includes(one.outcome) ? null : plain }, state.seen);
    timeline.list.focus({ preventScroll: true });
  };
  const undo = () => {
    if (allowed() && decisions.of(selectedWindow())) decisions.decide(selectedWindow(), { verdict: null, text: null, ranking: null });
  };
  const rank = async () => {
    const one = selectedWindow();
    if (!allowed() || one.kind !== "delta") return;
    player.pause();
    const seen = decisions.seen();
    const found = await source.candidates(shown.video_id, one).catch((trouble) => ({ texts: [], trouble }));
    if (found.texts.length < 2) {
      voice.say("There is nothing to rank.");
      await review.dialog("Nothing to rank", [review.element("p", null, found.trouble ? found.trouble.message : "This window has no two different candidates. `streamcap run` makes them with the preference examples.")], [{ label: "Close", value: null }]);
      return;
    }
    const order = await review.askOrder(found, decisions.applies(one)?.ranking || []);
    if (order) decisions.decide(one, { ranking: order }, seen);
  };

  const marks = review.marks(source, decisions, { pending: (seconds) => map.look({ pending: seconds }), seek: (seconds) => player.seek(seconds) });
  const mark = () => {
    if (allowed()) voice.say(marks.press(selectedWindow()));
  };

  const leave = (videoId) => videoId && (location.href = source.link(videoId));
  const keys = [
    { keys: [" "], shown: ["Space"], about: "play or pause", act: () => player.toggle() },
    { keys: ["ArrowRight"], shown: ["→"], about: "next window", act: () => step(1) },
    { keys: ["ArrowLeft"], shown: ["←"], about: "window before", act: () => step(-1) },
    { keys: ["ArrowRight"], shift: true, shown: ["Shift", "→"], about: "ten windows on; with ← ten back", act: () => step(10) },
    { keys: ["ArrowLeft"], shift: true, shown: ["Shift", "←"], about: "ten windows back", act: () => step(-10), hidden: true },
    { keys: ["Home"], shown: ["Home"], about: "first window", act: () => select(state.places[0] ?? -1) },
    { keys: ["End"], shown: ["End"], about: "last window", act: () => select(state.places.at(-1) ?? -1) },
    { keys: ["]"], shown: ["]"], about: "next flagged window; [ for the one before", act: () => stepFlagged(1) },
    { keys: ["["], shown: ["["], about: "flagged window before", act: () => stepFlagged(-1), hidden: true },
    { keys: ["f"], shown: ["f"], about: "only flagged windows, or all", act: () => filter(!state.flaggedOnly) },
    { keys: ["c"], shown: ["c"], about: "captions over the video", act: () => player.toggleCaptions() },
    { keys: ["k"], shown: ["k"], about: "keep this window", act: () => decideVerdict("keep"), decides: true },
    { keys: ["d"], shown: ["d"], about: "drop this window", act: () => decideVerdict("drop"), decides: true },
    { keys: ["K"], shown: ["Shift", "k"], about: "keep the whole clip, but for windows dropped one by one", act: () => decideClip("keep"), decides: true },
    { keys: ["D"], shown: ["Shift", "d"], about: "drop the whole clip, but for windows kept one by one", act: () => decideClip("drop"), decides: true },
    { keys: ["e", "Enter"], shown: ["e"], about: "edit what is said", act: () => edit(true), decides: true },
    { keys: ["r"], shown: ["r"], about: "rank the candidates", act: () => rank(), decides: true },
    { keys: ["u"], shown: ["u"], about: "take back what was decided of this window", act: () => undo(), decides: true },
    { keys: ["m"], shown: ["m"], about: "mark a clip: press at its first window and at its last", act: () => mark(), decides: true },
    { keys: ["n"], shown: ["n"], about: "next video; p for the one before", act: () => leave(after) },
    { keys: ["p"], shown: ["p"], about: "video before", act: () => leave(before), hidden: true },
    { keys: ["?"], shown: ["?"], about: "this list", act: () => {} },
  ].filter((key) => source.canDecide || !key.decides);
  const keyboard = review.keyboard(keys);

  const pairing = (audit) => audit && `fits its own frames ${audit.own.toFixed(2)}, others ${audit.shuffled.toFixed(2)}`;
  const onlyFlagged = review.element("input", { type: "checkbox", onchange: (event) => filter(event.target.checked), disabled: flagged === 0 });
  const shownCount = review.element("span", { class: "faint", role: "status" });
  const facts = [review.length(shown.duration_s), `${shown.width}×${shown.height}`, shown.codec, `${flagged} flagged`, pairing(shown.pairing), shown.total_usd ? review.money(shown.total_usd) : "", shown.license, shown.credit].filter(Boolean);

  const missing = shown.not_made.filter((part) => part !== "preference_examples").map((part) => part.replaceAll("_", " "));
  if (shown.skipped) alerts.append(review.element("p", { class: "notice" }, shown.skipped));
  if (missing.length) alerts.append(review.element("p", { class: "notice" }, review.sentence(`Not made yet: ${missing.join(", ")}. \`streamcap run\` makes them.`)));
  for (const trouble of shown.troubles) alerts.append(review.element("p", { class: "notice bad" }, review.sentence(trouble)));

  root.replaceChildren(
    review.element(
      "header",
      { class: "top" },
      back && review.element("a", { class: "button", href: back }, "All videos"),
      review.element("h1", null, shown.video_id),
      review.element("p", { class: "facts", title: facts.join(" · ") }, facts.join(" · ")),
      saved,
      before && review.element("a", { class: "button", href: source.link(before), rel: "prev", "aria-label": `Video before: ${before}` }, "←"),
      after && review.element("a", { class: "button", href: source.link(after), rel: "next", "aria-label": `Next video: ${after}` }, "→"),
      review.element("button", { type: "button", onclick: () => keyboard.help() }, "Keys", review.element("kbd", { "aria-hidden": "true" }, "?")),
    ),
    alerts,
    review.element("div", { class: "upper" }, player.element, inspector.element),
    review.element(
      "div",
      { class: "lower" },
      review.element("div", { class: "toolbar" }, review.element("label", { class: "check" }, onlyFlagged, `Only flagged (${flagged})`, review.element("kbd", { "aria-hidden": "true" }, "f")), shownCount, review.element("span", { class: "gap" }), marks.element, source.canDecide && review.button("Mark clip", "m", () => mark(), { title: "A span that is to be a clip where clips are chosen by hand (STREAMCAP_CLIP_POLICY=manual)" })),
      map.element,
      timeline.element,
    ),
    voice.region,
  );
  filter(false);
  map.look({ marks: decisions.marks() });
  marks.draw();
  if (shown.windows.length) select(Math.max(0, Math.min(shown.windows.length - 1, at)), true, true);
  return { close: () => { player.pause(); keyboard.close(); } };
};
