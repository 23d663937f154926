// @ts-check
/**
 * The shapes that travel between the player's modules and the server. Types only: no browser loads this.
 *
 * @typedef {{url: string, width: number, height: number}} Stimulus  one image; width and height in its own pixels
 * @typedef {{exposure_ms?: number, block?: number}} Parameters  of a timed trial
 * @typedef {{id: string, position: number, prompt: string | null, places: Stimulus[][],
 *   parameters?: Parameters | null}} Assignment
 *   one trial as this rater sees it: at each place on screen one image, or the images of a grid;
 *   parameters: null until the votes before it are in
 *
 * @typedef {{key: string, text: string, points: number,
 *   low_label: string, middle_label: string, high_label: string}} Question
 * @typedef {Record<string, unknown>} PageSettings  what the protocol's page() says
 * @typedef {{slug: string, title: string, instructions: string, thanks: string, protocol: string,
 *   page: PageSettings, questions: Question[], display_width: number, flow: Flow, pictures: Picture[]}} Study
 * @typedef {{image: Stimulus, caption: string}} Picture  in the instructions
 *
 * @typedef {{key: string, text: string, options?: string[], kind: "text" | "long" | "choice" | "multiple" | "number",
 *   optional?: boolean, minimum?: number, maximum?: number}} FormQuestion
 * @typedef {{comprehension: {tries: number, questions: {key: string, text: string, options: string[]}[]},
 *   break_every: number, confirm_answers: boolean, allow_zoom: boolean, scale: "fit" | "fixed" | "pixels",
 *   keys: Record<string, string>,
 *   closing: FormQuestion[], debrief: string, language: string, languages: string[]}} Flow
 *   what surrounds the trials, in the session's language; scale: whether images shrink where there is no room, keep
 *   their width, or show a pixel of theirs in one of the screen's; keys: KeyboardEvent.key by the answer's name
 * @typedef {{understood: boolean, tries_left: number, practice_left: number, closed: boolean}} Standing  where a session is on its way around the trials
 * @typedef {{amount: string, currency: string}} Pay  for the whole session
 * @typedef {{passed: boolean, tries_left: number, wrong: string[]}} Comprehension
 * @typedef {{correct: boolean, right: Record<string, Shown[]>, why: string}} PracticeVerdict
 *   right: by question, the answers that are right on this screen
 *
 * @typedef {{done: number, total: number}} Progress
 * @typedef {{code: string, url: string}} Completion  url: where to go back to; empty for nowhere
 * @typedef {{state: string, study: Study, progress: Progress, completion: Completion | null,
 *   standing: Standing, pay: Pay | null, again?: number | null}} SessionInfo
 *   again: number of the session that the rater may begin after this one
 * @typedef {{token: string, session: SessionInfo}} NewSession
 * @typedef {{study_state: string, assignments: Assignment[], progress: Progress}} Block
 * @typedef {{state: string, completion: Completion | null, again?: number | null}} Ending
 *
 * @typedef {"answered" | "cannot_tell" | "not_shown"} Outcome
 * @typedef {number | string | number[]} Shown  an answer in terms of the screen: a place's index, a scale point, a word, places in order
 * @typedef {{shown_at: string, viewport: [number, number], device_pixel_ratio: number, image_width: number,
 *   arrangement: "row" | "column" | "grid", hidden_ms: number, unfocused_ms: number, input: string,
 *   wait_ms: number, rescaled_width?: number, zooms?: number, zoom_ms?: number, frame_ms: number, frames: number, dropped: number, off_at_ms: number}} Timings
 *   shown_at: ISO time of the frame the images appeared in; image_width: CSS pixels; wait_ms: how long the
 *   rater waited for the images; rescaled_width: where another size of the window changed image_width meanwhile;
 *   zooms, zoom_ms: closer looks, and how long they took. Of timed trials: frame_ms: the display's refresh period; frames: how many of
 *   them the image stood, dropped: how many of these were lost; off_at_ms: how long it stood
 * @typedef {{assignment: string, key: string, outcome: Outcome, answers: Record<string, Shown>,
 *   response_ms: number, timings: Partial<Timings>}} Vote
 * @typedef {{key: string, assignment: string, status: "stored" | "duplicate" | "rejected", late: boolean,
 *   detail?: string, feedback?: {correct: boolean} | null}} VoteResult
 * @typedef {{results: VoteResult[], progress: Progress, next?: Record<string, Parameters>}} Receipt
 *   next: parameters, by assignment, of those that these votes have settled
 *
 * @typedef {{text: string, keys: string[], sign: string}} Wording
 *   an answer's word, the keys that give it (KeyboardEvent.key), and the sign of the first of them ("" where
 *   the word is itself the key)
 * @typedef {Wording & {value: Shown, answer?: string, stacked?: Wording, note?: string, name?: string, below?: boolean}} Choice
 *   one possible answer; answer: its name for keys, where that is not its value; stacked: its wording where the places stand above one another; note: words of a
 *   scale's end or middle; name: what a screen reader says; below: stands in a second line
 * @typedef {{element: HTMLElement, reset: () => void, press: (event: KeyboardEvent) => boolean,
 *   choosePlace?: (place: number, event: Event) => void}} Control
 *   what answers a question in place of buttons; press: whether the key meant something to it
 * @typedef {(question: Question, onChange: (value: Shown | null, event: Event) => void) => Control} ControlMaker
 * @typedef {{choices: (question: Question, page: PageSettings) => Choice[], placesAnswer: boolean,
 *   control?: (page: PageSettings, keys: Record<string, string>) => Promise<ControlMaker | null>,
 *   brief?: (page: PageSettings) => string[],
 *   expose?: (page: PageSettings) => import("./exposure.js").Exposure}} Part
 *   what a protocol brings to the page: the choices of a question, whether touching the image at a place
 *   answers with that place, a control in place of choices, what to say before the trials, and what shows an
 *   image only for a moment
 * @typedef {{control: ControlMaker | null, rekeyed: (choices: Choice[]) => Choice[],
 *   zoom: import("./zoom.js").Zoom | null}} Equipment
 *   what only some studies answer with; rekeyed: gives choices the study's own keys
 *
 * @typedef {{session: () => Promise<SessionInfo>, assignments: () => Promise<Block>,
 *   sendVotes: (votes: Vote[], leaving?: boolean) => Promise<Receipt>, complete: () => Promise<Ending>,
 *   comprehend: (answers: object) => Promise<Comprehension>, practice: () => Promise<{trials: Assignment[], total: number}>,
 *   tryOut: (vote: Vote) => Promise<PracticeVerdict>, close: (answers: object) => Promise<unknown>}} Server
 *   what the player asks of the server; a preview answers in its place
 */

export {};
