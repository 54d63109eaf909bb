"""Question and history -> what can be asked, or why not. First step of every answer.

Does not judge whether a question belongs to the library; `retrieve` finds that out.
"""

from collections.abc import Sequence

from rag.errors import QuestionError

MAX_HISTORY = 50  # messages; older ones change no answer


def check_question(question: object, max_chars: int) -> str:
    """Return the question with control characters and outer white space removed.

    Raises:
        QuestionError: not text, empty, without a single letter or digit, or too long.
    """
    if not isinstance(question, str):
        raise QuestionError(f"a question is text, found {type(question).__name__}; please write it as one or two sentences.")
    cleaned = "".join(character if character.isprintable() or character in "\n\t" else " " for character in question).strip()
    if not cleaned:
        raise QuestionError("the question is empty; please write what you want to know.")
    if len(cleaned) > max_chars:
        raise QuestionError(f"the question has {len(cleaned):,} characters, at most {max_chars:,} are read; please shorten it.")
    if not any(character.isalnum() for character in cleaned):
        raise QuestionError("the question holds no words; please write what you want to know in a sentence.")
    return cleaned


def check_history(history: object) -> list[dict[str, str]]:
    """Return the last messages of a conversation as {"role", "content"}.

    Raises:
        QuestionError: not a list, or a message without role and text.
    """
    if history is None:
        return []
    if not isinstance(history, Sequence) or isinstance(history, (str, bytes)):
        raise QuestionError(f'history is a list of {{"role", "content"}}, found {type(history).__name__}.')
    messages = []
    for place, message in enumerate(history):
        role = message.get("role") if isinstance(message, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if not isinstance(role, str) or role not in {"user", "assistant"} or not isinstance(content, str):
            raise QuestionError(
                f'history message {place + 1}: {{"role": "user" or "assistant", "content": text}} is expected, found {message!r:.80}.'
            )
        messages.append({"role": role, "content": content})
    return messages[-MAX_HISTORY:]
