// @ts-check
/** German. */

/** @type {typeof import("./en.js").words} */
export const words = {
  left: "Links",
  right: "Rechts",
  top: "Oben",
  bottom: "Unten",
  tie: "Kein Unterschied",
  bothGood: "Beide gut",
  bothBad: "Beide schlecht",
  real: "Echt",
  fake: "Künstlich",
  next: "Weiter",
  cannotTell: "Kann ich nicht sagen",
  notShown: "Ein Bild fehlt",
  point: (point, points) => `${point} von ${points}`,
  notAnswered: "noch nicht beantwortet",
  slide: "Zum Antworten die Skala berühren",

  image: "Bild",
  imageOf: (number, count) => `Bild ${number} von ${count}`,
  cellOf: (name, number, count) => `${name}, ${number} von ${count} in seiner Gruppe`,
  images: (places, cells) => {
    if (places === 1) return cells > 1 ? `Eine Gruppe von ${cells} Bildern` : "Ein Bild";
    const number = ["", "", "Zwei", "Drei", "Vier", "Fünf", "Sechs", "Sieben"][places] ?? String(places);
    return cells > 1 ? `${number} Gruppen von ${cells} Bildern` : `${number} Bilder`;
  },
  zoom: "Genauer ansehen",
  zoomHow: "Ziehen oder Pfeiltasten verschieben, + und − ändern die Größe, Esc führt zurück.",
  larger: "Größer",
  smaller: "Kleiner",
  close: "Schließen",
  cramped: "Bitte vergrößern Sie das Fenster: Die Bilder werden nicht verkleinert.",
  loading: "Die nächsten Bilder werden geladen …",

  start: "Start",
  questions: (total) => (total === 1 ? "Es gibt 1 Frage." : `Es gibt ${total} Fragen.`),
  how: "Antworten Sie mit den Tasten auf den Knöpfen, durch Klicken oder Tippen.",
  askGenerated: "Suchen Sie das Bild, das ein Computer gemacht hat.",
  shareReal: (percent) => `${percent} % der Bilder sind echt.`,

  moment: "Jedes Bild ist nur für einen Augenblick zu sehen: Schauen Sie auf das Kreuz.",
  sending: "Ihre Antwort wird gesendet …",
  correct: "Richtig",
  wrong: "Falsch",
  tooSlow: "Dieser Bildschirm ist zu langsam für diese Studie",
  tooSlowWhy: (hertz) =>
    `Er zeigt ${hertz} Bilder in der Sekunde, zu wenige für so kurze Augenblicke. Das wird Ihnen nicht ` +
    "angerechnet. Sie können über denselben Link mit einem anderen Gerät wiederkommen.",

  best: "Bestes",
  worst: "Schlechtestes",
  unranked: "noch ohne Rang",
  howOrder: "Tippen Sie die Bilder vom besten zum schlechtesten an, ziehen Sie sie in Reihenfolge oder drücken Sie ihre Nummern.",
  howBestWorst: "Tippen Sie erst das beste, dann das schlechteste Bild an oder drücken Sie die Nummern.",

  same: "Dasselbe",
  different: "Verschieden",

  progress: "Fortschritt",
  countOf: (number, total) => `${number} von ${total}`,
  noConnection: "Keine Verbindung: neuer Versuch …",
  waiting: (count, lasting) =>
    `Keine Verbindung: ${count === 1 ? "1 Antwort wartet" : `${count} Antworten warten`} auf das Senden. ` +
    (lasting ? "Sie können weitermachen." : "Sie können weitermachen; lassen Sie diese Seite aber offen."),
  skipped: "Ein Bild wurde nicht geladen, darum wurde die Frage übersprungen. Das wird Ihnen nicht angerechnet.",
  oneMoment: "Einen Augenblick",
  lastAnswers: "Ihre letzten Antworten werden gesendet.",
  tryAgain: "Noch einmal versuchen",
  paused: "Die Studie ruht",
  pausedWhy: "Ihre Antworten sind angekommen und bleiben erhalten. Bitte kommen Sie später über denselben Link wieder.",
  leftOver: "Es ist noch etwas zu beantworten",
  leftOverWhy: "Gerade kann es nicht gezeigt werden. Bitte versuchen Sie es in einer Minute noch einmal.",
  stopped: "Gerade geht es nicht weiter",
  failed: "Etwas ist schiefgegangen",
  failedWhy: "Bitte laden Sie diese Seite neu: Es geht dort weiter, wo Sie aufgehört haben.",
  noPreview: "Noch keine Vorschau",

  thanks: "Vielen Dank",
  thanksWhy: "Ihre Antworten sind angekommen. Sie helfen herauszufinden, was Menschen in solchen Bildern sehen.",
  again: "Mehr Bilder bewerten",
  againWhy: "Wenn Sie möchten, können Sie mit anderen Bildern weitermachen.",
  nothingLeft: "Nichts mehr zu bewerten",
  nothingLeftWhy: "In dieser Studie haben andere schon alles beantwortet. Danke, dass Sie gekommen sind.",
  confirm: "Zurück und bestätigen",
  mayClose: "Sie können diese Seite jetzt schließen.",
  code: "Ihr Abschlusscode",
  copy: "Kopieren",
  copied: "Kopiert",
  selected: "Ausgewählt: kopieren Sie ihn mit Tastatur oder Menü",
};
