"use strict";

// What people decided of a video: shown at once, saved one after another, and never lost without a word.
review.decisions = (source, shown, hooks) => {
  const state = { review: shown.review, going: Promise.resolve(), unsaved: new Map(), closed: "" };
  const key = (clip, window) => `${clip}/${window}`;
  const nameOf = (choice) => (choice.start_s === undefined ? key(choice.clip, choice.window) : `${choice.start_s} to ${choice.end_s}`);
  const byPlace = () => new Map(state.review.decisions.map((decision) => [key(decision.clip, decision.window), decision]));
  let places = byPlace();

  // The decision on a window, newest first: what is still to be saved goes before what is kept.
  const of = (one) => {
    const found = state.unsaved.get(key(one.clip, one.window)) || places.get(key(one.clip, one.window));
    return found && (found.verdict || found.text !== null || found.ranking) ? found : null;
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
    hooks.changed();
  };

  const send = async (choices) => {
    const answer = await source.decide(shown.video_id, String(state.review.revision), choices).catch((trouble) => {
      if (trouble.status === 409) return trouble.body;
      throw trouble;
    });
    take(answer.review);
    return answer.clashes || [];
  };

  // Both are shown; whoever decides sees whose is whose. What is chosen is saved over the other, which was seen by then.
  const settle = async (clashes) => {
    for (const clash of clashes) {
      if (await hooks.conflict(clash)) save(clash.yours);
    }
  };

  const save = (choice) => {
    const name = nameOf(choice);
    if (state.closed) {
      hooks.trouble(new review.Trouble(state.closed, 410), null);
      return state.going;
    }
    state.unsaved.set(name, choice);
    hooks.changed();
    hooks.saving();
    state.going = state.going.then(async () => {
      if (state.unsaved.get(name) !== choice) return; // another decision on the same came meanwhile
      try {
        const clashes = await send([choice]);
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
    for (const choice of [...state.unsaved.values()]) save(choice);
  };

  // `changes` are on top of what was decided of the window before.
  const decide = (one, changes) => {
    const before = applies(one);
    const choice = { clip: one.clip, window: one.window, verdict: null, text: null, ranking: null, caption_sha256: one.caption_sha256 };
    if (before) Object.assign(choice, { verdict: before.verdict, text: before.text, ranking: before.ranking });
    return save({ ...choice, ...changes });
  };
  const mark = (start_s, end_s, keep) => save({ start_s, end_s, keep });

  window.addEventListener("beforeunload", (event) => {
    if (state.unsaved.size && !state.closed) event.preventDefault();
  });
  return { of, applies, isEdited, text, manner, marks, decide, mark, isClosed: () => Boolean(state.closed) };
};
