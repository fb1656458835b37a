"use strict";

// What people decided of a video: shown at once, saved one after another, and never lost without a word.
review.decisions = (source, shown, hooks) => {
  // By what is decided on: in `since` the revision on the page when the person began, in `own` the one that this page last saved it as.
  const state = { review: shown.review, going: Promise.resolve(), unsaved: new Map(), since: new Map(), own: new Map(), closed: "" };
  const key = (clip, window) => `${clip}/${window}`;
  const nameOf = (choice) => (choice.start_s === undefined ? key(choice.clip, choice.window) : `${choice.start_s} to ${choice.end_s}`);
  const byPlace = () => new Map(state.review.decisions.map((decision) => [key(decision.clip, decision.window), decision]));
  let places = byPlace();

  // What a verdict on a whole clip is of, like a window but without one.
  const clips = new Map(Object.entries(shown.clips_sha256).map(([clip, sha256]) => [Number(clip), { clip: Number(clip), window: null, caption_sha256: sha256 }]));
  const clip = (number) => clips.get(number);

  // Decisions on captions that stand elsewhere now, as after clips were cut otherwise, by what they are on; the latest of several. As runs have it.
  const said = (one) => `${one.window === null ? "clip" : "window"} ${one.caption_sha256}`;
  const times = new Map();
  const standing = new Map();
  for (const one of [...shown.windows, ...clips.values()]) {
    times.set(said(one), (times.get(said(one)) || 0) + 1);
    standing.set(key(one.clip, one.window), one.caption_sha256);
  }
  const decides = (found) => Boolean(found.verdict || found.text !== null || found.ranking);
  const byCaption = () => {
    const moved = state.review.decisions.filter((one) => decides(one) && standing.get(key(one.clip, one.window)) !== one.caption_sha256);
    return new Map(moved.sort((one, other) => one.revision - other.revision).filter((one) => times.get(said(one)) === 1).map((one) => [said(one), one]));
  };
  let elsewhere = byCaption();

  // The decision on a window or clip, newest first: what is still to be saved goes before what is kept.
  const of = (one) => {
    const isOn = (found) => found && found.caption_sha256 === one.caption_sha256;
    const unsaved = state.unsaved.get(key(one.clip, one.window));
    const there = isOn(unsaved) ? unsaved : places.get(key(one.clip, one.window));
    const found = isOn(there) ? there : elsewhere.get(said(one)) || there;
    return found && decides(found) ? found : null;
  };
  const applies = (one) => {
    const found = of(one);
    return found && found.caption_sha256 === one.caption_sha256 ? found : null;
  };
  const isEdited = (one) => applies(one) !== null && applies(one).text !== null;
  const text = (one) => (isEdited(one) ? applies(one).text : one.text);
  const mannerBy = (found, verdict) => {
    if (verdict === "drop") return "dropped";
    if (found && found.text !== null) return "edited";
    if (verdict === "keep") return "kept";
    return found ? "ranked" : "";
  };
  const verdict = (one) => applies(one)?.verdict || null;
  const ownManner = (one) => mannerBy(applies(one), verdict(one));
  const manner = (one) => mannerBy(applies(one), verdict(one) || verdict(clip(one.clip))); // a window goes with its clip, unless something else was said of it
  const marks = () => state.review.marks.filter((mark) => mark.keep !== null);

  const take = (kept) => {
    state.review = kept;
    places = byPlace();
    elsewhere = byCaption();
    hooks.changed();
  };

  // Based on what the person had seen, whatever else has come with an answer meanwhile. One's own decision is not in the way.
  const send = async (choice) => {
    const name = nameOf(choice);
    const version = Math.max(state.since.get(name), state.own.get(name) || 0);
    const answer = await source.decide(shown.video_id, String(version), [choice]).catch((trouble) => {
      if (trouble.status === 409) return trouble.body;
      throw trouble;
    });
    const clashes = answer.clashes || [];
    if (!clashes.length) state.own.set(name, answer.review.revision);
    take(answer.review);
    return clashes;
  };

  // Both are shown; whoever decides sees whose is whose. What is chosen is saved over the other, which was seen by then.
  const settle = async (clashes) => {
    for (const clash of clashes) {
      if (state.unsaved.has(nameOf(clash.yours))) continue; // a later one on the same waits, and is asked about itself
      if (await hooks.conflict(clash)) save(clash.yours);
    }
  };

  const seen = () => state.review.revision;
  const outdated = (trouble) => trouble.status === 412; // what is on the page is said no more, so that no second try helps

  const save = (choice, since = seen()) => {
    const name = nameOf(choice);
    if (state.closed) {
      hooks.trouble(new review.Trouble(state.closed, 410), null);
      return state.going;
    }
    state.since.set(name, state.unsaved.has(name) ? Math.min(state.since.get(name), since) : since); // what is unsaved hides what others decided there
    state.unsaved.set(name, choice);
    hooks.changed();
    hooks.saving();
    state.going = state.going.then(async () => {
      if (state.unsaved.get(name) !== choice) return; // another decision on the same came meanwhile
      try {
        const clashes = await send(choice);
        if (state.unsaved.get(name) === choice) state.unsaved.delete(name);
        hooks.changed();
        await settle(clashes);
        if (!state.unsaved.size) hooks.saved();
      } catch (trouble) {
        if (trouble.status === 404 || trouble.status === 410) state.closed = trouble.message;
        hooks.trouble(trouble, state.closed ? null : outdated(trouble) ? ["Load the page again", () => location.reload()] : ["Try again", saveAgain]);
      }
    });
    return state.going;
  };

  const saveAgain = () => {
    for (const choice of [...state.unsaved.values()]) save(choice); // since the same revision as before
  };

  // `changes` are on top of what was decided of the window or clip before, by a person who has seen the revision `since`.
  const decide = (one, changes, since = seen()) => {
    const before = applies(one);
    const choice = { clip: one.clip, window: one.window, verdict: null, text: null, ranking: null, caption_sha256: one.caption_sha256 };
    if (before) Object.assign(choice, { verdict: before.verdict, text: before.text, ranking: before.ranking });
    return save({ ...choice, ...changes }, since);
  };
  const mark = (start_s, end_s, keep) => save({ start_s, end_s, keep });

  window.addEventListener("beforeunload", (event) => {
    if (state.unsaved.size && !state.closed) event.preventDefault();
  });
  return { of, applies, isEdited, text, clip, verdict, manner, ownManner, marks, seen, decide, mark, isClosed: () => Boolean(state.closed) };
};
