"""Sentences that other parts of the service write in English, known by their pattern and said in the reader's language.

The HTTP API and the database keep one language; the console recognises what it is about to show. A sentence that no
pattern knows is shown as it is. A test holds each pattern against the source, so that none outlives its sentence.
"""

import re
from functools import cache

from api.console.translation import gettext

_HOLE = re.compile(r"%\((\w+)\)s")


class Sentences:
    """Patterns of sentences, the most particular first; what a hole held is filled in again, itself translated."""

    def __init__(self, *patterns: str) -> None:
        self.patterns = patterns

    def say(self, sentence: str) -> str:
        """Return a sentence in the reader's language, or as it is."""
        for pattern in self.patterns:
            if found := shape(pattern).fullmatch(sentence):
                return gettext(pattern, **{name: self.say(value) for name, value in found.groupdict().items()})
        return sentence


@cache
def shape(pattern: str) -> re.Pattern[str]:
    """Return what a pattern matches: its holes hold anything."""
    parts = _HOLE.split(pattern)
    made = "".join(f"(?P<{part}>.+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile(made, re.DOTALL)


ELSEWHERE = Sentences(
    # Who may come in.
    "this needs the scope '%(scope)s' and you have %(have)s; ask the operator for a token with it "
    "(tocsin token create --name NAME --scopes %(wanted)s)",
    "nobody can switch off the account they are signed in with; ask another administrator",
    "there is no account %(id)s",
    "there is no token %(id)s that still works",
    "this sign-in link was used already or is too old; ask the operator for a new one",
    "the name must be 1 to 100 printable characters",
    "the scopes must be some of %(known)s; got %(given)s",
    "more than %(count)s wrong tokens in a minute came from your address",
    # Decisions and rows.
    "the %(kind)s %(id)s is not in quarantine; somebody may have released it already",
    "a rejected passage has no tier; leave the tier empty or change the verdict",
    "the model abstained here, so there is nothing to confirm; say which signals apply, or reject",
    "the criminal tier needs all six parts of the worksheet met, and these are not: %(parts)s; meet them or choose "
    "another tier",
    "%(field)s takes at most %(count)s entries of %(length)s characters each",
    "%(field)s is %(length)s characters long; %(most)s is the most",
    "cursor: it is not one that this list gave out with this order; start again without it",
    # Sources, under the name of the field.
    "it must be one of %(choices)s; got %(given)s",
    "%(field)s must be one of %(choices)s; got %(given)s",
    "at most %(count)s characters",
    "1 to 200 printable characters",
    "the name under which TOCSIN_CREDENTIALS holds it, never the secret itself",
    "between %(least)s and %(most)s",
    "two letters of ISO 3166, for example KE",
    "a polled source needs its address, a folder its path",
    "there is a source called %(name)s already",
    "asked for by a person",
    # The lexicon.
    "there is no entry %(key)s in the lexicon",
    "there is an entry %(key)s in the lexicon already; change that one",
    "somebody changed the entry %(key)s meanwhile; look at it again",
    "An entry must say %(what)s, in at most %(most)s characters.",
    "its meaning",
    "its benign uses",
    "what it does not prove",
    "its source",
    "An entry may have at most %(most)s variants.",
    "An entry needs the language of its term, as a code such as sw.",
    "A language is a code such as sw or ar-Latn; got %(given)s.",
    "A country is a code of two capital letters such as KE; got %(given)s.",
    "A native review needs both who and when, or neither.",
    "A term may have at most %(most)s characters.",
    "A term needs two letters at least; got %(given)s.",
    "A * may only end a word; got %(given)s.",
    "A word with * needs %(count)s letters before it, in a script with spaces; got %(given)s.",
    # Alerts.
    "There is no alert %(id)s.",
    "Alert %(id)s is already resolved; a new event of its kind opens a new alert.",
    "Alert %(id)s is already acknowledged; resolve it when it is over.",
    # Why the model abstained, and that its scores have moved.
    "%(reason)s; %(read)s of its %(all)s passages were scored",
    "no language could be told from this text",
    "the text mixes %(parts)s; the model has validated performance in neither",
    "the model has no validated performance in language %(language)s",
    "the text mixes %(parts)s; the model can judge %(part)s alone",
    "the model's reading of %(language)s is experimental",
    "the language (%(language)s) is uncertain",
    "%(signal)s lies too close to its threshold",
    "the text looks like nothing the model has read: code, markup or a table",
    "the %(what)s have moved against %(past)s (stability index %(index)s, %(limit)s is much)",
    "languages of new texts",
    "scores of %(signal)s",
    "the %(days)s days before",
    "the texts at release",
    # How sources answered, when they are asked next, and how they were found.
    "asked every %(pause)s",
    "asked again after an hour: reading it stopped the worker",
    "asked again after %(pause)s: %(why)s",
    "the server named the pause",
    "failed once",
    "failed %(count)s times",
    "its host asked for a pause",
    "%(pause)s, twice as often as set: everything was new last time",
    "%(pause)s: it has something new every %(rhythm)s",
    "%(pause)s: its server calls an answer good for %(time)s",
    "answers, but has had nothing new for %(time)s; %(habit)s",
    "it usually has something every %(time)s",
    "it never had anything",
    "all it had came at once",
    "the address answers, but with no feed: %(what)s; perhaps a login page or a parked domain",
    "an empty page",
    "%(size)s bytes of %(kind)s",
    "the server refuses us (HTTP %(status)s)",
    "the server answered with HTTP %(status)s",
    "more than %(count)s redirects, the last one to %(url)s",
    "the body unpacks to more than %(count)s bytes",
    "the connection to %(url)s broke (%(why)s)",
    "there is nothing at this address (HTTP 404): renamed, deleted or never there",
    "the page answers, but there is no text on it; perhaps a program draws it in the browser",
    "the page answers, but links to no article of its site; perhaps a login, or drawn by a program",
    "asked for the first time",
    "there is no page at this address (HTTP 404)",
    "the publisher says this feed is gone for good (HTTP 410)",
    "the server asks us to come less often (HTTP 429)",
    "the server is overloaded or under maintenance (HTTP 503)",
    "the platform asks us to come less often (HTTP %(status)s)",
    "no complete answer within %(count)s seconds",
    "no connection to %(address)s in time",
    "no connection to %(address)s (%(why)s)",
    "the connection to %(address)s ended before the answer did",
    "the name %(host)s was not resolved in time",
    "the name %(host)s has no address (%(why)s)",
    "%(host)s leads to %(address)s, %(why)s; if that is meant, add its network to TOCSIN_ALLOWED_NETWORKS",
    "which is not public (%(network)s)",
    "the feed ends in the middle; %(count)s whole entries were kept",
    "the body unpacks to more than %(count)s times its size: a compression bomb",
    "the answer is longer than %(count)s bytes",
    "%(odd)s; they are recognised by address and words, and edits of them are not",
    "%(odd)s: it changes identifiers, or publishes more between two polls than its feed holds; some may be lost",
    "all entries had a new identifier in each of the last %(count)s answers",
    "%(some)s of %(all)s entries are dated more than a day ahead, the furthest %(day)s; they count by "
    "when they were fetched",
    "its characters were guessed to be %(charset)s, because what it declares does not fit",
    "%(some)s of %(all)s entries hold characters that cannot be read as %(charset)s",
    "%(changes)s; is it still the same publisher?",
    "it brings more than its quota of %(count)s items a day, and %(held)s of them are held back; what comes beyond is "
    "not taken in until some of them are released",
    "it brings more than its quota of %(count)s items a day, and %(held)s of them are held back until a day leaves "
    "room, or a person releases them",
    "its source was over its quota of items a day",
    "files stay in the folder after they are read: %(why)s",
    "the folder %(folder)s is read-only for us",
    "%(folder)s is no folder",
    "%(folder)s lies on another file system",
    "one file stays in the folder after it was read, %(name)s: %(why)s",
    "%(count)s files stay in the folder after they were read, the first of them %(name)s: %(why)s",
    "the site's robots.txt asks us not to",
    "%(dropped)s of %(total)s entries dropped: more than %(most)s in one answer",
    "the page names it",
    "the page links to it",
    "it is where feeds usually are",
    "the address itself is a feed",
    "the address itself is a sitemap",
    "robots.txt names it",
    "it is where sitemaps usually are",
    "the page links to articles",
    "%(count)s days",
    "%(count)s hours",
    "%(count)s minutes",
    "%(count)s seconds",
    # Marks of a source that changed.
    "since %(day)s it calls itself %(new)s and not %(old)s",
    "since %(day)s its program is %(new)s and not %(old)s",
    "since %(day)s it links to %(new)s and not to %(old)s",
    "since %(day)s its language is %(new)s and not %(old)s",
    "since %(day)s its certificate comes from %(new)s and not from %(old)s",
    "since %(day)s its certificate names %(new)s and not %(old)s",
    # Last of all, what is said side by side.
    "%(first)s; %(rest)s",
)
