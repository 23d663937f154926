"""Studies that use what surrounds the trials; launched beside the others of the site."""

from __future__ import annotations

from typing import Any

FILE_STEM = "crownjewel"
"""What image files are called: a word that must never reach a rater's browser."""

TASK = {
    "key": "task",
    "text": "What do you look for?",
    "options": ["The real", "The sharp"],
    "correct": 0,
}
COUNT = {"key": "count", "text": "How many do you choose?", "options": ["None", "One", "Two"], "correct": 1}
EYES = {"key": "eyes", "kind": "choice", "text": "Do you wear glasses?", "options": ["Yes", "No"]}
DEVICES = {
    "key": "devices",
    "kind": "multiple",
    "text": "Which do you use?",
    "options": ["Phone", "Laptop", "Tablet"],
}
AGE = {
    "key": "age",
    "kind": "number",
    "text": "Your age?",
    "minimum": 18,
    "maximum": 120,
    "optional": True,
}
JOB = {"key": "job", "kind": "text", "text": "What is your work?", "optional": True}
SAID = {"key": "said", "kind": "long", "text": "Was anything unclear?", "optional": True}
PICTURES = [
    {"image": f"zebrafield-photographs/{FILE_STEM}-0-0.png", "caption": "This one is real."},
    {"image": f"quagga-one/{FILE_STEM}-1-0.png", "caption": "This one was made by a computer."},
]
EXAMPLE = {
    "places": [[f"quagga-one/{FILE_STEM}-1-1.png"], [f"zebrafield-photographs/{FILE_STEM}-0-1.png"]],
    "right": {"real": [1]},
    "why": "Look at the corners.",
}
ORDER = {
    "places": [[f"quagga-one/{FILE_STEM}-1-{number}.png"] for number in (2, 3, 4)],
    "right": {"preference": [0]},
    "why": "The first is the sharpest.",
}
ARABIC = {
    "title": "أي صورة حقيقية؟",
    "instructions": "ترى صورتين جنبا إلى جنب. اختر الصورة الحقيقية.",
    "consent": "المشاركة طوعية ويمكنك التوقف في أي وقت.",
    "thanks": "شكرا على مشاركتك.",
    "debrief": "كانت الدراسة عن الصور.",
    "questions": {"real": {"text": "أي صورة حقيقية؟"}},
    "comprehension": {
        "task": {"text": "عم تبحث؟", "options": ["الصورة الحقيقية", "الصورة الواضحة"]},
        "count": {"text": "كم صورة تختار؟", "options": ["لا شيء", "واحدة", "اثنتين"]},
    },
    "closing": {"eyes": {"text": "هل تلبس نظارة؟", "options": ["نعم", "لا"]}},
    "captions": ["هذه حقيقية.", "هذه صنعها حاسوب."],
    "whys": ["انظر إلى الزوايا."],
}
GERMAN = {
    "title": "Welches Bild ist echt?",
    "consent": "Die Teilnahme ist freiwillig.",
    "closing": {"eyes": {"text": "Tragen Sie eine Brille?", "options": ["Ja", "Nein"]}},
}
EVERYTHING = {
    "pictures": PICTURES,
    "device": {"min_width": 320, "min_height": 400, "min_pixel_ratio": 1},
    "comprehension": {"tries": 2, "questions": [TASK, COUNT]},
    "practice": {"count": 2, "examples": [EXAMPLE]},
    "break_every": 2,
    "closing": [EYES, DEVICES, AGE, JOB, SAID],
    "debrief": "It was about computer-made images.",
    "texts": {"de": GERMAN, "ar": ARABIC},
}
SLOWEST_HZ = 1
"""A machine that is busy with other tests draws few frames: it is not to be turned away for that."""
DEVICE = {"device": {"min_refresh_hz": SLOWEST_HZ, "keyboard": True}}

HEAVY = {
    **EVERYTHING,
    "practice": {"count": 0, "examples": [ORDER]},
    "break_every": 1,
    "device": {**EVERYTHING["device"], "min_refresh_hz": SLOWEST_HZ, "keyboard": True},
    "keys": {"1": "a"},
    "allow_zoom": True,
    "confirm_answers": True,
}
"""The protocol with the most code, and every screen and setting there is."""

FLOWS: dict[str, tuple[str, dict[str, Any]]] = {
    "all-around": ("two_afc", {"flow": EVERYTHING, "trial_count": 4}),
    "afterwards": ("two_afc", {"flow": {"closing": [EYES, DEVICES], "break_every": 1}, "trial_count": 2}),
    "choosy": ("real_or_fake", {"flow": DEVICE}),
    "large-screens": ("real_or_fake", {"flow": {"device": {"min_width": 1000}}}),
    "heavy": ("ranking", {"flow": HEAVY, "trial_count": 2, "sessions_per_rater": 2}),
}
"""By slug: the study of the site it is like, and what differs."""
