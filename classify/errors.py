"""What can go wrong while deciding what a text is.

ClassifyError
├── ModelBroken        the model folder is missing, changed, or not ours: texts stay unscored, visibly
├── EngineUnfit        an engine is not there, or not right on this machine: another one is taken
├── ScoringFailed      the model ran and gave nothing usable (not a number, out of memory at one passage)
├── BadTrainingData    a training or evaluation file cannot be used
├── OpinionUnusable    a second reader answered something else than what it was asked for
├── NotTranslated      no translation came, or none that can be shown
├── BadGazetteer       an operator's file of group names cannot be used
└── BadLexicon         an entry of the lexicon lacks something, or its file cannot be read
"""


class ClassifyError(Exception):
    """Anything this room raises on purpose; the message is one sentence for a person."""


class ModelBroken(ClassifyError):
    """The model cannot be loaded; nothing is wrong with the texts."""


class EngineUnfit(ClassifyError):
    """An engine cannot run the model here; nothing is wrong with the model."""


class ScoringFailed(ClassifyError):
    """The model ran and its answer cannot be used."""


class BadTrainingData(ClassifyError):
    """A file of rows is missing or malformed."""


class BadGazetteer(ClassifyError):
    """A gazetteer file is missing or malformed."""


class BadLexicon(ClassifyError):
    """An entry of the lexicon may not stand as it is, or a file of them is missing or malformed."""


class OpinionUnusable(ClassifyError):
    """The second reader answered something else than what it was asked for; says what was wrong, not what it said."""


class NotTranslated(ClassifyError):
    """There is no translation to show; nothing is wrong with the text."""
