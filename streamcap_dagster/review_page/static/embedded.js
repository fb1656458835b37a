"use strict";

// Where the report gets everything from: the data blocks of its own file, each read when it is looked at.
review.embedded = () => {
  const parsed = new Map();
  const block = (name) => {
    if (!parsed.has(name)) {
      const element = document.getElementById(name);
      parsed.set(name, element ? JSON.parse(element.textContent) : null);
    }
    return parsed.get(name);
  };
  const orders = {
    name: () => 0,
    flags: (video) => -video.flags.replace(/[0-]/g, "").length,
    novelty: (video) => {
      const told = [...video.novelty].filter((letter) => letter !== "-").map((letter) => review.LEVELS.indexOf(letter));
      return told.length ? told.reduce((sum, level) => sum + level, 0) / told.length : 63;
    },
    cost: (video) => -video.total_usd,
  };
  const videos = async ({ first, most, order, search }) => {
    const found = block("corpus").videos.filter((video) => video.video_id.includes(search.toLowerCase()));
    const sorted = [...found].sort((one, other) => orders[order](one) - orders[order](other));
    return { first, videos: sorted.slice(first, first + most), total: sorted.length, longest: Math.max(1, ...found.map((video) => video.windows)) };
  };
  return {
    canDecide: false,
    isReport: true,
    videos,
    figures: async () => block("corpus").figures,
    left: () => block("corpus").left_out,
    video: async (videoId) => {
      const shown = block(`video-${videoId}`);
      if (!shown) throw new review.Trouble("This report does not hold that video.", 404);
      return shown;
    },
    still: (shown, one) => {
      const still = (block(`stills-${shown.video_id}`) || {})[`${one.clip}/${one.window}`];
      return still ? `data:image/jpeg;base64,${still}` : "";
    },
    film: (shown) => block(`film-${shown.video_id}`) || "",
    link: (videoId, at = 0) => `#${videoId}/${at}`,
    stills: "one",
  };
};
