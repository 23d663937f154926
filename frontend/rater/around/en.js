// @ts-check
/** English, for the screens around the trials. Every other language has exactly these names. */

export const words = {
  // Device
  keyboard: "Do you have a keyboard?",
  keyboardWhy: "This study is answered with a keyboard. Press the space bar to show that you have one.",
  noKeyboard: "I have no keyboard",
  measuring: "Looking at your display …",
  unfit: "This device does not do for this study",
  unfitWhy: "Nothing is counted against you.",
  checkAgain: "Check again",
  unfitPaid: "You can end here and go back with this code, or come back with another device.",

  // Comprehension and closing questions
  understand: "Have you understood?",
  understandWhy: "Please answer these questions about the instructions.",
  instructions: "Read the instructions again",
  check: "Check my answers",
  notRight: "This is not right yet: please look at the instructions again.",
  triesLeft: (/** @type {number} */ tries) => (tries === 1 ? "You have 1 try left." : `You have ${tries} tries left.`),
  sorry: "Thank you for your time",
  sorryWhy: "The questions about the instructions were not answered rightly, so this study cannot go on with you.",
  last: "A few last questions",
  optional: "optional",
  several: "you can choose several",
  chooseOne: "Please choose at least one.",
  send: "Send",
  waits: "No connection: your answers wait to be sent. Keep this page open.",

  // Practice
  practice: "Practice",
  practiceWhy: (/** @type {number} */ count) =>
    `First ${count === 1 ? "1 trial" : `${count} trials`} to practise. Your answers do not count yet, and you are told what is right.`,
  practiceOf: "Practice: this does not count",
  right: "Correct",
  notQuite: "Not quite",
  rightIs: (/** @type {string} */ answer) => `Correct answer: ${answer}`,
  nowReal: "Now it counts",
  nowRealWhy: "Practice is over. From here on your answers count, and you are not told what is right.",

  // Breaks
  breakTime: "Time for a break",
  breakWhy: (/** @type {number} */ done, /** @type {number} */ total) =>
    `You have answered ${done} of ${total} questions. Rest your eyes for as long as you like.`,
  earned: (/** @type {string} */ part, /** @type {string} */ whole) =>
    `Earned so far: ${part} of ${whole}. Your panel pays the whole when you have finished.`,
  goOn: "Go on",
};
