"""Text that addresses whoever processes it, instead of saying something about its subject.

An instruction that was planted in a source is never a claim. It is told by how it speaks, not by what it asks for:
it names the reader's answer, takes a role, speaks of itself and the reader, or orders something that nothing around
it is about. A how-to step orders something too, of which its surroundings speak.
"""

import re
from typing import Final

_PRODUCT: Final = r"(?:answers?|reply|replies|response|responses|output|explanation|elucidation|summary|completion)"
_VERB_OF_SPEECH: Final = r"(?:reply|respond|answer|report|output|say|tell|write|print|repeat|obey|comply|reveal|ignore)"
_ADDRESSES: Final = re.compile(
    # what the reader is to forget
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
    r"\b(?:\w*structions?|prompts?|rules|guidelines|above|previous|prior|earlier|context|told)\b"
    # who the reader is to be
    r"|\byou are (?:now|an?)\b.{0,30}\b(?:assistant|ai|model|agent|bot)\b|^\W*(?:pretend to be|act as)\b"
    r"|\b(?:assistant|ai model|language model|chatbot)s?\b.{0,30}\b(?:must|should|shall|is to|"
    + _VERB_OF_SPEECH
    + r")\b"
    # what the reader produces
    rf"|\b(?:your|the assistant's) (?:\w+ ){{0,2}}{_PRODUCT}\b"
    r"|^\W*(?:please\s+)?(?:reply|respond|answer) (?:only |always |to this )?(?:in|with|using|as|by)\b"
    # a role or a marker of the conversation, where a sentence would begin
    r"|\bsystem[ _]?(?:prompt|message)\b|<\|?/?(?:im_start|im_end|system|assistant|information|instructions?)\b"
    r"|^\W*(?:system|assistant|human|todo|instructions?|note to (?:the )?(?:ai|assistant|model|reader)s?)\s*[:>\])]"
    r"|\bthis is an? (?:important )?message (?:from|to|for)\b|\bfrom me, .{1,40}, to you\b"
    # the writer speaks of itself and of the reader's work
    r"|\bI (?:gave|give|told|ask|asked|want|need|order|command)(?:ed)? you\b|\bdo (?:the )?following\b.{0,10}\bfirst\b",
    re.IGNORECASE | re.DOTALL,
)
_MINE: Final = re.compile(r"(?<![/\w])(?:me|my|mine|I)\b(?![-.'’/\w])")
_SENDS: Final = re.compile(r"\b[\w.+-]+@[\w-]+\.\w+|\b[A-Z]{2}\d{10,}\b")
"""An address or an account: where an order would have something go."""
_LISTED: Final = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)]|[A-Za-z][.)])\s+")
_LEADS: Final = re.compile(
    r"^\W*(?:(?:please|do|then|now|next|first|finally|also|always|never|just|simply|kindly|immediately|instead|do not"
    r"|don't),?\s+)+",
    re.IGNORECASE,
)
_FIRST: Final = re.compile(r"^\W*([A-Za-z]+)(?:\s+(\S+))?")
_NO_VERB: Final = frozenset(
    """a about above across after again against all almost along although always among an and another any anyone are
    around as at be because been before behind being below beneath beside besides between beyond both but by can could
    despite did do does down during each either enough especially even ever every everyone everything except few for
    from had has have he hence here how however i if in indeed inside instead into is it its just last later least less
    like likewise many may maybe me might more moreover most much must my near neither never nevertheless next no nobody
    none nor not nothing now of off often on once one only onto or other others otherwise our out outside over own per
    perhaps rather same several shall she should similarly since so some somebody someone something sometimes soon still
    such than that the their them then there therefore these they this those though through thus to together too toward
    under unless unlike until up upon us versus via was we were what whatever when whenever where whereas wherever
    whether which whichever while who whoever whole whom whose why will with within without would yes yet you
    your""".split()
)
_OBJECT: Final = frozenset(
    """a an the this that these those all any some each every both no another more my me your our his her its their us
    them him it""".split()
)
_NO_OBJECT: Final = frozenset("is are was were has have can will may must of and".split())
"""After these a verb's base form was a noun (`Access is denied`)."""
_MOST_LEADS: Final = 4
_VERBS: Final = frozenset(
    """accept access act add adjust advise allow analyse analyze answer append apply approve arrange ask assign attach
    augment avoid begin book bring browse build buy calculate call cancel change check choose cite claim clear click
    close combine compare complete compose compute confirm connect consider contact continue convert copy create
    decode define delete deliver demonstrate deploy deposit describe design develop disable discuss display download
    draft drop echo edit email embed emphasize enable encode encourage encrypt engage enhance ensure enter exclude
    execute expand explain export express extend extract fetch fill find finish fix follow format forward generate
    get give go grant guide help hide highlight identify ignore illustrate imagine implement import improve include
    incorporate increase inform insert inspect install integrate introduce invite join keep launch learn leave let
    limit link list load log look maintain make manage mark mention merge mix modify move name notify offer omit
    open order organize outline paste pay perform pick place plan point post prefix prepare present press print
    produce promote propose prove provide publish purchase put query quote raise randomize read recite recommend
    record redirect refer register reject release remember remind remove rename render repeat rephrase replace reply
    report request reserve reset respond restart restore retrieve return reveal reverse review rewrite run save say
    schedule scramble search select send set share show shuffle sign specify spell stand start state stop store
    submit subscribe substitute suggest sum summarize supply swap switch take teach tell test translate transfer
    transform transmit try turn type update upgrade upload use utilize validate verify view visit wait warn watch
    weave withdraw write""".split()
)
_PROGRAM: Final = re.compile(
    r"^\s*(?:import\s+[\w.]+(?:\s*$|,|\s+as\b)|from\s+[\w.]+\s+import\b|\w+\s*=\s*\S+[(\[]|[\w.]+\([\"'{\[*])",
    re.MULTILINE,
)
_SHORTEST_VERB: Final = 3


def addresses_reader(text: str) -> bool:
    """Whether a text gives orders to whoever processes it, as planted instructions do."""
    if _ADDRESSES.search(text) is not None:
        return True
    ordered = order_in(text)
    return ordered is not None and (_MINE.search(ordered) is not None or _SENDS.search(ordered) is not None)


def is_source_code(text: str) -> bool:
    """Whether a text has a line of a program: an import, an assignment of a call, a call of a literal."""
    return _PROGRAM.search(text) is not None


def is_order(text: str) -> bool:
    """Whether a sentence is an imperative, as far as its beginning tells: a verb's base form, then its object."""
    if text.rstrip().endswith("?"):
        return False
    match = _FIRST.match(_LEADS.sub("", _LISTED.sub("", text)))
    if match is None:
        return False
    first, second = match[1].lower(), (match[2] or "").lower().strip("\"'“‘(,.")
    if first in _NO_VERB or len(first) < _SHORTEST_VERB:
        return False
    if first in _VERBS:
        return second not in _NO_OBJECT
    return second in _OBJECT and not first.endswith(("ing", "ed", "s", "ly"))


def order_in(text: str) -> str | None:
    """The order that a sentence gives, by itself or after what leads to it (`About the harbour: send a boat`)."""
    for _ in range(_MOST_LEADS):
        if is_order(text):
            return text
        _, colon, text = text.partition(": ")
        if not colon:
            break
    return None
