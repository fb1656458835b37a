"use strict";

// What people decided of a video: shown at once, saved one after another, and never lost without a word.
review.decisions = (source, shown, hooks) => {
  // By what is decided on: in `since` the revision on the page when the person began, in `own` the one that this page last saved it as.
  const state = { review: shown.review, going: Promise.resolve(), unsaved: new Map(), since: new Map(), own: new Map(), closed: "" };
  const key = (clip, window) => `${clip}/${window}`;
  const nameOf = (choice) => (choice.start_s === undefined ? key(choice.clip, choice.window) : `${choice.start_s} to ${choice.end_s}`);
  const byPlace = () => new Map(state.review.decisions.map((decision) => [key(decision.clip, decision.window), decision]));
  let places = byPlace();

  // Decisions on captions that stand elsewhere now, as after clips were cut otherwise, by what they are on; the latest of several. As runs have it.
  const times = new Map();
  for (const one of shown.windows) times.set(one.caption_sha256, (times.get(one.caption_sha256) || 0) + 1);
  const standing = new Map(shown.windows.map((one) => [key(one.clip, one.window), one.caption_sha256]));
  const decides = (found) => Boolean(found.verdict || found.text !== null || found.ranking);
  const byCaption = () => {
    const moved = state.review.decisions.filter((one) => one.window !== null && decides(one) && standing.get(key(one.clip, one.window)) !== one.caption_sha256);
    return new Map(moved.sort((one, other) => one.revision - other.revision).filter((one) => times.get(one.caption_sha256) === 1).map((one) => [one.caption_sha256, one]));
  };
  let elsewhere = byCaption();

  // The decision on a window, newest first: what is still to be saved goes before what is kept.
  const of = (one) => {
    const isOn = (found) => found && found.caption_sha256 === one.caption_sha256;
    const unsaved = state.unsaved.get(key(one.clip, one.window));
    const there = isOn(unsaved) ? unsaved : places.get(key(one.clip, one.window));
    const found = isOn(there) ? there : elsewhere.get(one.caption_sha256) || there;
    return found && decides(found) ? found : null;
  };
  const applies = (one) => {
    const found = of(one);
    return found && found.caption_sha256 === one.caption_sha256 ? found : null;
  };
  const isEdited = (one) => applies(one) !== null && applies(one).text !== null;
  const text = (one) => (isEdited(one) ? applies(one).text : one.text);
  const manner = (one) => {
    const found = applies(one);
    if (!found) return "";
    if (found.verdict === "drop") return "dropped";
    if (found.text !== null) return "edited";
    return found.verdict === "keep" ? "kept" : "ranked";
  };
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
        hooks.trouble(trouble, state.closed ? null : saveAgain);
      }
    });
    return state.going;
  };

  const saveAgain = () => {
    for (const choice of [...state.unsaved.values()]) save(choice); // since the same revision as before
  };

  // `changes` are on top of what was decided of the window before, by a person who has seen the revision `since`.
  const decide = (one, changes, since = seen()) => {
    const before = applies(one);
    const there = places.get(key(one.clip, one.window));
    const choice = { clip: one.clip, window: one.window, verdict: null, text: null, ranking: null, caption_sha256: one.caption_sha256 };
    if (before) Object.assign(choice, { verdict: before.verdict, text: before.text, ranking: before.ranking });
    save({ ...choice, ...changes }, since);
    if (state.closed) return state.going;
    // What was kept in this place of a caption that stands elsewhere now goes there, and what was of this one leaves the place where it stood.
    const evicted = there && elsewhere.get(there.caption_sha256) === there && shown.windows.find((other) => other.caption_sha256 === there.caption_sha256);
    if (evicted && evicted !== one && !state.unsaved.has(key(evicted.clip, evicted.window))) decide(evicted, {}, since);
    if (before && !state.unsaved.has(key(before.clip, before.window))) save({ ...choice, clip: before.clip, window: before.window, verdict: null, text: null, ranking: null }, since);
    return state.going;
  };
  const mark = (start_s, end_s, keep) => save({ start_s, end_s, keep });

  window.addEventListener("beforeunload", (event) => {
    if (state.unsaved.size && !state.closed) event.preventDefault();
  });
  return { of, applies, isEdited, text, manner, marks, seen, decide, mark, isClosed: () => Boolean(state.closed) };
};
