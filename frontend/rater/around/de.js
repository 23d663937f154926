// @ts-check
/** German, for the screens around the trials. */

/** @type {typeof import("./en.js").words} */
export const words = {
  keyboard: "Haben Sie eine Tastatur?",
  keyboardWhy: "Diese Studie wird mit der Tastatur beantwortet. Drücken Sie die Leertaste, um zu zeigen, dass Sie eine haben.",
  noKeyboard: "Ich habe keine Tastatur",
  measuring: "Ihr Bildschirm wird geprüft …",
  unfit: "Dieses Gerät eignet sich nicht für diese Studie",
  unfitWhy: "Das wird Ihnen nicht angerechnet.",
  checkAgain: "Noch einmal prüfen",
  unfitPaid: "Sie können hier aufhören und mit diesem Code zurückgehen oder mit einem anderen Gerät wiederkommen.",

  understand: "Ist alles klar?",
  understandWhy: "Bitte beantworten Sie diese Fragen zur Anleitung.",
  instructions: "Anleitung noch einmal lesen",
  check: "Antworten prüfen",
  notRight: "Das stimmt noch nicht: Bitte lesen Sie noch einmal in der Anleitung nach.",
  triesLeft: (tries) => (tries === 1 ? "Sie haben noch 1 Versuch." : `Sie haben noch ${tries} Versuche.`),
  sorry: "Danke für Ihre Zeit",
  sorryWhy: "Die Fragen zur Anleitung wurden nicht richtig beantwortet, darum kann die Studie mit Ihnen nicht weitergehen.",
  last: "Noch ein paar letzte Fragen",
  optional: "freiwillig",
  several: "mehrere möglich",
  chooseOne: "Bitte wählen Sie mindestens eine Antwort.",
  send: "Absenden",
  waits: "Keine Verbindung: Ihre Antworten warten auf das Senden. Lassen Sie diese Seite offen.",

  practice: "Übung",
  practiceWhy: (count) =>
    `Zuerst ${count === 1 ? "1 Aufgabe" : `${count} Aufgaben`} zum Üben. Ihre Antworten zählen noch nicht, und Sie erfahren, was richtig ist.`,
  practiceOf: "Übung: das zählt nicht",
  right: "Richtig",
  notQuite: "Nicht ganz",
  rightIs: (answer) => `Richtig ist: ${answer}`,
  nowReal: "Jetzt zählt es",
  nowRealWhy: "Die Übung ist vorbei. Ab jetzt zählen Ihre Antworten, und Sie erfahren nicht mehr, was richtig ist.",

  breakTime: "Zeit für eine Pause",
  breakWhy: (done, total) =>
    `Sie haben ${done} von ${total} Fragen beantwortet. Ruhen Sie die Augen aus, solange Sie möchten.`,
  earned: (part, whole) =>
    `Bisher verdient: ${part} von ${whole}. Ihr Panel zahlt alles, wenn Sie fertig sind.`,
  goOn: "Weitermachen",
};
