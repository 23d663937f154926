// @ts-check
/** English. Every other language has exactly these names; the type checker says which are missing. */

export const words = {
  // Answers
  left: "Left",
  right: "Right",
  top: "Top",
  bottom: "Bottom",
  tie: "No difference",
  bothGood: "Both good",
  bothBad: "Both bad",
  real: "Real",
  fake: "Fake",
  next: "Next",
  cannotTell: "I cannot tell",
  notShown: "An image is missing",
  point: (/** @type {number} */ point, /** @type {number} */ points) => `${point} of ${points}`,
  notAnswered: "not answered yet",
  slide: "Touch the scale to answer",

  // Images
  image: "Image",
  imageOf: (/** @type {number} */ number, /** @type {number} */ count) => `Image ${number} of ${count}`,
  cellOf: (/** @type {string} */ name, /** @type {number} */ number, /** @type {number} */ count) =>
    `${name}, ${number} of ${count} in its group`,
  images: (/** @type {number} */ places, /** @type {number} */ cells) => {
    if (places === 1) return cells > 1 ? `A group of ${cells} images` : "One image";
    const number = ["", "", "Two", "Three", "Four", "Five", "Six", "Seven"][places] ?? String(places);
    return cells > 1 ? `${number} groups of ${cells} images` : `${number} images`;
  },
  zoom: "Look closer",
  zoomHow: "Drag or use the arrow keys to move, + and − to change the size, Esc to go back.",
  larger: "Larger",
  smaller: "Smaller",
  close: "Close",
  cramped: "Please make the window larger: the images of this study are not made smaller.",
  loading: "Loading the next images …",

  // Instructions
  start: "Start",
  questions: (/** @type {number} */ total) => (total === 1 ? "There is 1 question." : `There are ${total} questions.`),
  how: "Answer with the keys shown on the buttons, or by click or tap.",
  askGenerated: "Look for the image that was made by a computer.",
  shareReal: (/** @type {number} */ percent) => `${percent}% of the images are real.`,

  // Timed trials
  moment: "Each image is shown only for a moment: keep your eyes on the cross.",
  sending: "Sending your answer …",
  correct: "Correct",
  wrong: "Wrong",
  tooSlow: "This display is too slow for this study",
  tooSlowWhy: (/** @type {number} */ hertz) =>
    `It shows ${hertz} pictures a second, too few for such short moments. Nothing is counted against you. ` +
    "You can come back by the same link with another device.",

  // Ranking
  best: "Best",
  worst: "Worst",
  unranked: "no rank yet",
  howOrder: "Tap the images from best to worst, drag them into order, or press their numbers.",
  howBestWorst: "Tap the best image, then the worst, or press their numbers.",

  // Duplicates
  same: "The same",
  different: "Different",

  // Progress and the connection
  progress: "Progress",
  countOf: (/** @type {number} */ number, /** @type {number} */ total) => `${number} of ${total}`,
  noConnection: "No connection: trying again …",
  waiting: (/** @type {number} */ count, /** @type {boolean} */ lasting) =>
    `No connection: ${count === 1 ? "1 answer waits" : `${count} answers wait`} to be sent. ` +
    (lasting ? "You can go on." : "You can go on, but keep this page open."),
  skipped: "An image did not load, so that question was skipped. Nothing is counted against you.",
  oneMoment: "One moment",
  lastAnswers: "Your last answers are being sent.",
  tryAgain: "Try again",
  paused: "The study is paused",
  pausedWhy: "Your answers have arrived and are kept. Please come back later by the same link to go on.",
  leftOver: "Something is left to answer",
  leftOverWhy: "It cannot be shown just now. Please try again in a minute.",
  stopped: "This cannot go on just now",
  failed: "Something went wrong",
  failedWhy: "Please load this page again: it goes on where you stopped.",
  noPreview: "There is no preview yet",

  // The end
  thanks: "Thank you",
  thanksWhy: "Your answers have arrived. They help to find out what people see in such images.",
  again: "Rate more images",
  againWhy: "If you like, you can go on with other images.",
  nothingLeft: "Nothing is left to rate",
  nothingLeftWhy: "Other people have already answered everything in this study. Thank you for coming.",
  confirm: "Return and confirm",
  mayClose: "You may close this page now.",
  code: "Your completion code",
  copy: "Copy",
  copied: "Copied",
  selected: "Selected: copy it with your keyboard or menu",
};
