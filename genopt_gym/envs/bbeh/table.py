"""What each of the 23 tasks asks, in our own words, and how it is answered."""

from __future__ import annotations

from typing import Final, NamedTuple

from genopt_gym.envs.questions import LAST_NUMBER, MENTIONED_OPTION, FirstTry, always

OPTION: Final = "the letter of one option in brackets, such as '(B)'."
NUMBER: Final = "one number in digits, such as '42'."


class TaskRow(NamedTuple):
    """One task: its name in ids, its name in the repository, what it asks, and how it is answered."""

    name: str
    slug: str
    goal: str
    form: str
    floor: float
    """What guessing scores."""
    naive: FirstTry

    @property
    def floor_source(self) -> str:
        if self.floor == 0:
            return "a guess is hardly ever right"
        return f"a guess is right about once in {round(1 / self.floor)} questions"


TABLE: Final = (
    TaskRow(
        "BoardgameQA",
        "boardgame_qa",
        "A question gives facts, rules and which rule outranks which, and asks whether a statement follows: a rule "
        "fires when all its conditions can be proved, and where two rules disagree the preferred one decides.",
        "one of the words proved, disproved and unknown.",
        1 / 3,
        always("unknown"),
    ),
    TaskRow(
        "BooleanExpressions",
        "boolean_expressions",
        "Five options are long Boolean expressions, nested with brackets, and, or and not, over comparisons of small "
        "calculations and claims about capital cities; exactly one is true. Which?",
        OPTION,
        1 / 5,
        MENTIONED_OPTION,
    ),
    TaskRow(
        "BuggyTables",
        "buggy_tables",
        "A question shows a table that was written out wrongly, says what went wrong (lost nulls, swapped or damaged "
        "rows and the like), and asks for a statistic of some rows of the table as it should be.",
        "one number, rounded as the question says, such as '391.4'.",
        0.0,
        LAST_NUMBER,
    ),
    TaskRow(
        "CausalUnderstanding",
        "causal_understanding",
        "Short stories, each with a question of cause or of a necessary or sufficient condition; wanted is, as each "
        "question says, what most people would answer or what a logician would.",
        "Yes, No, or Ambiguous where the question offers it.",
        1 / 3,
        always("Yes"),
    ),
    TaskRow(
        "DisambiguationQA",
        "disambiguation_qa",
        "A sentence holds pronouns; which option says rightly whom or what they stand for, or that it cannot be told?",
        OPTION,
        1 / 5,
        MENTIONED_OPTION,
    ),
    TaskRow(
        "DyckLanguages",
        "dyck_languages",
        "Somebody closes the open brackets of a sequence and writes down the stack of open ones in numbered thoughts. "
        "Which thought is the first that is wrong?",
        "the number of that thought, such as '17', or No if all are right.",
        0.05,
        always("No"),
    ),
    TaskRow(
        "GeometricShapes",
        "geometric_shapes",
        "An SVG path draws line segments in any order, sides may be in pieces; which of ten kinds of shapes can be "
        "seen? Each option is a set of kinds.",
        OPTION,
        1 / 16,
        MENTIONED_OPTION,
    ),
    TaskRow(
        "Hyperbaton",
        "hyperbaton",
        "In an invented variety of English adjectives come in another order, shown by correct examples. Which of the "
        "options have a correct order?",
        "the letters of all correct options, run together, such as 'BC'.",
        0.0,
        always("K"),
    ),
    TaskRow(
        "Linguini",
        "linguini",
        "Puzzles of little-known languages: from a few forms with their translations work out the rules, and give the "
        "form or the translation that a question asks for.",
        "the form alone, in the spelling of the examples.",
        0.0,
        always(""),
    ),
    TaskRow(
        "MovieRecommendation",
        "movie_recommendation",
        "Ten options list five films each; which list holds films that the same people tend to like?",
        OPTION,
        0.1,
        MENTIONED_OPTION,
    ),
    TaskRow(
        "MultistepArithmetic",
        "multistep_arithmetic",
        "A question defines new operators on whole numbers, some by cases and by one another, then long expressions "
        "with them, in which numbers may be words, and asks for their values added and subtracted.",
        NUMBER,
        0.0,
        LAST_NUMBER,
    ),
    TaskRow(
        "NYCC",
        "nycc",
        "A cartoon is described in words; which of ten captions did people find the funniest?",
        OPTION,
        0.1,
        MENTIONED_OPTION,
    ),
    TaskRow(
        "ObjectCounting",
        "object_counting",
        "A long list says who has how many of what, with asides; the question asks for the sum or the difference of "
        "the numbers of two kinds of things, of people whom it names.",
        NUMBER,
        0.0,
        LAST_NUMBER,
    ),
    TaskRow(
        "ObjectProperties",
        "object_properties",
        "A collection of objects with size, origin, colour, material and smell is changed in several steps; how many "
        "objects then have, or lack, some properties?",
        "one number in digits, or unknown where it cannot be told.",
        0.0,
        always("unknown"),
    ),
    TaskRow(
        "SARCTriples",
        "sarc_triples",
        "Three pairs of a post and a reply from a forum; which of the replies are sarcastic?",
        "three digits, 1 for sarcastic and 0 for not, with commas between them, such as '1,0,1'.",
        1 / 8,
        always("0,0,0"),
    ),
    TaskRow(
        "ShuffledObjects",
        "shuffled_objects",
        "Seven people start with one thing each and then swap, talk or do nothing, hundreds of times; actions get "
        "names and are repeated by name. What does one of them have in the end?",
        OPTION,
        1 / 7,
        MENTIONED_OPTION,
    ),
    TaskRow(
        "SpatialReasoning",
        "spatial_reasoning",
        "Somebody walks over a map of some shape, or a tree, and is told what lies where; what lies at the place that "
        "the last walk reaches?",
        "the name of the thing, several in alphabetical order with commas, or unknown.",
        0.0,
        always("unknown"),
    ),
    TaskRow(
        "SportQA",
        "sportqa",
        "A main question and two smaller ones about the rules and tactics of a sport, each with options of which more "
        "than one may be right.",
        "the letters of each question's right options, with commas between the questions, such as 'AC, D, BD'.",
        0.0,
        always("A, A, A"),
    ),
    TaskRow(
        "TemporalSequence",
        "temporal_sequence",
        "Calendars of several people in their time zones, with rules about when they can be moved or met; how long is "
        "the longest meeting that they can have, and how many are there of that length?",
        "two numbers, minutes and how many, with a comma between them, such as '45, 3'.",
        0.0,
        always("0, 0"),
    ),
    TaskRow(
        "TimeArithmetic",
        "time_arithmetic",
        "Questions about dates, times and durations, of which one uses the answers of others.",
        "as the question asks for it: a number, a time, a date, a word or a list.",
        0.0,
        always("unanswerable"),
    ),
    TaskRow(
        "WebOfLies",
        "web_of_lies",
        "Everyone either always lies or always tells the truth, and they speak about one another; do three of them "
        "tell the truth?",
        "three words out of yes, no and unknown, with commas between them, such as 'no, unknown, yes'.",
        1 / 27,
        always("yes, yes, yes"),
    ),
    TaskRow(
        "WordSorting",
        "word_sorting",
        "Sort words by an alphabet whose letters are out of their usual order; or find the first wrong one of the "
        "numbered thoughts in which somebody has sorted words.",
        "the words with commas between them; or the number of the thought, or No if all are right.",
        0.0,
        LAST_NUMBER,
    ),
    TaskRow(
        "ZebraPuzzles",
        "zebra_puzzles",
        "People stand in a row and differ in several properties; clues, some of no use, tell who can stand where. At "
        "which position is somebody?",
        "the number of the position, such as '3'.",
        1 / 7,
        LAST_NUMBER,
    ),
)
