"""Errors that a person may meet: each message is one sentence with what was expected, what was found and what to do.

Base of the house: imports nothing of ours. Rooms raise these; the command line turns them into one line and exit code 2.
"""


class RagError(Exception):
    """Base of every error that Osseous raises on purpose; its text is fit to be shown."""


class SettingsError(RagError):
    """A setting has a value outside its range or names something unknown."""


class CorpusError(RagError):
    """A corpus file is missing, unreadable or has front matter that breaks the schema."""


class ParseError(RagError):
    """A file that a person added cannot be read as a document; the message is a clause that follows the file's name."""


class QuestionError(RagError):
    """A question or history that cannot be answered as it is: empty, too long, wrong type."""


class VectorIndexError(RagError):
    """The index is missing, half-built or was built with other settings than those in force."""


class ModelFileError(RagError):
    """A model file is missing, truncated or not the expected one, or could not be fetched."""


class LanguageModelError(RagError):
    """The language model could not be reached, timed out, or replied in another format than asked."""


class FetchError(RagError):
    """A source list is not as it should be, or a text it names could not be fetched."""


class FeedbackError(RagError):
    """A judgement that cannot be kept as it is, or a feedback database that cannot be read or written."""
